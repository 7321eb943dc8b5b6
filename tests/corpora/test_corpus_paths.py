"""Paths of corpora: however a corpus is spelled, and from wherever, it is the same corpus."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.corpus_forms import (
    audio_files,
    json_lines,
    librispeech,
    manifest,
    metadata_csv,
    metadata_json,
    parquet_folder,
    saved,
    table_file,
)
from tests.support.tiny import RATE, Spoken, encoded, sound, spoken, write_corpus
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.sources.opening import parse_corpus_specs
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError

FOUR = [u.but(id=f"84-121-{n:04d}") for n, u in enumerate(spoken(range(4)))]


def opened(spec: str) -> Corpus:
    """Open a corpus by a spec of the command line."""
    (parsed,) = parse_corpus_specs(spec, Path("unused"))
    return open_corpus(parsed)


@dataclass(frozen=True)
class Form:
    """A form of a corpus; `write` returns the path that names it."""

    id: str
    write: Callable[[Path, Sequence[Spoken]], Path]


FORMS = (
    Form("LibriSpeech tree", librispeech),
    Form("manifest.jsonl", lambda folder, u: manifest(folder, u).rename(folder / "m.jsonl")),
    Form("manifest.tsv", lambda folder, u: table_file(folder, u, "m.tsv")),
    Form("manifest.csv", lambda folder, u: table_file(folder, u, "m.csv")),
    Form("parquet file", lambda folder, u: write_corpus(folder / "c.parquet", u)),
    Form("parquet folder", parquet_folder),
    Form("save_to_disk folder", saved),
    Form("metadata.jsonl", metadata_json),
    Form("metadata.csv", metadata_csv),
)


def _relative(path: Path) -> str:
    return os.path.relpath(path)


def _linked(path: Path) -> str:
    """Return a path through a link to the folder above the corpus."""
    link = path.parents[1] / "link"
    link.symlink_to(path.parent)
    return str(link / path.name)


def _linked_itself(path: Path) -> str:
    """Return a link to a corpus; a link to a file stays in its folder, as in the hub's cache."""
    link = path.with_name(f"link{path.suffix}")
    link.symlink_to(path)
    return str(link)


SPELLINGS: dict[str, Callable[[Path], str]] = {
    "relative": _relative,
    "dot": lambda path: f"./{_relative(path)}",
    "detour": lambda path: f"{_relative(path.parent)}/../{path.parent.name}/{path.name}",
    "home": lambda path: f"~/{path.relative_to(Path.home())}",
    "link": _linked,
    "link to itself": _linked_itself,
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
@pytest.mark.parametrize("name", ["plain", "Тест 語 café"])
def test_every_spelling_of_a_path_is_one_corpus(
    form: Form, spelling: Callable[[Path], str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fingerprint is that of the absolute path, and audio is decoded after a change of the working folder."""
    (tmp_path / "top" / name).mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    path = form.write(tmp_path / "top" / name, FOUR)
    if path == tmp_path / "top" / name:
        path = path.rename(tmp_path / "top" / f"{name} 2")
    monkeypatch.setenv("HOME", str(tmp_path))
    expected = opened(str(path)).fingerprint
    monkeypatch.chdir(tmp_path / "elsewhere")
    corpus = opened(spelling(path))
    monkeypatch.chdir(tmp_path)
    assert expected == corpus.fingerprint
    assert [u.text for u in FOUR] == [u.text for u in corpus.utterances(RATE)]


def test_a_relative_path_of_the_library_is_the_same_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`CorpusSpec` takes a relative path too."""
    librispeech(tmp_path / "LS", FOUR)
    monkeypatch.chdir(tmp_path)
    fingerprints = {open_corpus(CorpusSpec("c", path)).fingerprint for path in (Path("LS"), tmp_path / "LS")}
    assert 1 == len(fingerprints)


@pytest.mark.parametrize("suffix", [".FLAC", ".Flac", ".WAV", ".Mp3"])
def test_suffixes_count_without_case(suffix: str, tmp_path: Path) -> None:
    """Recordings, transcripts and parquet files are found by their suffix in any case."""
    container = suffix[1:].upper()
    (tmp_path / "LS").mkdir()
    (tmp_path / "LS" / f"84-121-0000{suffix}").write_bytes(encoded(sound(0.5, seed=1), container=container))
    (tmp_path / "LS" / "84-121.TRANS.TXT").write_text("84-121-0000 GO\n")
    assert ("84-121-0000",) == opened(str(tmp_path / "LS")).ids


@pytest.mark.parametrize("name", ["C.PARQUET", "Metadata.CSV", "METADATA.JSONL"])
def test_names_of_files_count_without_case(name: str, tmp_path: Path) -> None:
    """A folder and a file of another case are the same corpus."""
    if name == "C.PARQUET":
        write_corpus(tmp_path / name, FOUR)
    else:
        write = metadata_csv if name.endswith("CSV") else metadata_json
        (write(tmp_path, FOUR) / name.lower()).rename(tmp_path / name)
    assert [opened(str(tmp_path)).fingerprint] == [opened(str(tmp_path / name)).fingerprint]


@pytest.mark.parametrize("space", [" ", "\t", "  ", " \t"])
def test_any_white_space_ends_an_id(space: str, tmp_path: Path) -> None:
    """MLS and Kaldi separate id and transcript by a tab; a line separator within a transcript ends no line."""
    audio_files(tmp_path, FOUR[:1])
    (tmp_path / "a.trans.txt").write_text(f"84-121-0000{space}GO DO\u2028YOU HEAR\n", encoding="utf-8")
    (utterance,) = opened(str(tmp_path)).utterances(RATE)
    assert ("84-121-0000", "GO DO\u2028YOU HEAR", "84") == (utterance.id, utterance.text, utterance.speaker)


def test_an_id_without_a_dash_names_no_speaker(tmp_path: Path) -> None:
    """Only LibriSpeech's ids begin with the speaker."""
    audio_files(tmp_path, [FOUR[0].but(id="a"), FOUR[1].but(id="b")])
    (tmp_path / "a.trans.txt").write_text("a GO\nb DO\n")
    assert 0 == opened(str(tmp_path)).speakers


@pytest.mark.parametrize("name", ["m.tsv", "m.csv", "m.jsonl"])
def test_common_voice_names_files_without_their_folder(name: str, tmp_path: Path) -> None:
    """The recordings are found in `clips`, and the id is the name in the table."""
    audio_files(tmp_path, FOUR, "clips/")
    if name == "m.jsonl":
        json_lines(tmp_path / name, [{"path": f"{u.id}.flac", "sentence": u.text} for u in FOUR])
    else:
        path = table_file(tmp_path, FOUR, name)
        path.write_text(path.read_text().replace("clips/", ""))
    corpus = opened(str(tmp_path / name))
    assert tuple(f"{u.id}.flac" for u in FOUR) == corpus.ids
    assert [u.text for u in FOUR] == [u.text for u in corpus.utterances(RATE)]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        pytest.param("clips\\c0.wav", "clips/c0.wav", id="backslash"),
        pytest.param("caf\u00e9/c0.wav", "cafe\u0301/c0.wav", id="composed"),
        pytest.param("cafe\u0301.wav", "caf\u00e9.wav", id="decomposed"),
        pytest.param("Clips/C0.WAV", "clips/c0.wav", id="case"),
        pytest.param("Clips\\Cafe\u0301.wav", "clips/caf\u00e9.wav", id="all of them"),
    ],
)
@pytest.mark.parametrize("skip_bad", [False, True])
def test_another_spelling_of_a_file_is_offered(written: str, stored: str, skip_bad: bool, tmp_path: Path) -> None:
    """The error names the file that exists; with skip_bad the utterance is counted."""
    (tmp_path / stored).parent.mkdir(exist_ok=True)
    (tmp_path / stored).write_bytes(FOUR[0].audio)
    (tmp_path / "good.flac").write_bytes(FOUR[0].audio)
    rows = [{"audio_filepath": name, "text": "A"} for name in ("good.flac", written)]
    spec = CorpusSpec("c", json_lines(tmp_path / "m.jsonl", rows), skip_bad=skip_bad)
    hint = f"(did you mean '{tmp_path / stored}'?)"
    if skip_bad:
        corpus = open_corpus(spec)
        assert ({"missing file": 1}, 1) == (corpus.skipped_by_reason, len(corpus))
        assert hint in corpus.skipped[0].message
    else:
        with pytest.raises(SuiteError, match=re.escape(hint)):
            open_corpus(spec)


def test_a_name_that_is_too_long_is_a_missing_file(tmp_path: Path) -> None:
    """A transcript in the column of the paths ends in one line."""
    path = json_lines(tmp_path / "m.jsonl", [{"audio_filepath": "a" * 5000, "text": "A"}])
    with pytest.raises(SuiteError, match="does not exist"):
        opened(str(path))


def test_another_spelling_of_a_corpus_is_offered(tmp_path: Path) -> None:
    """A spec with backslashes too."""
    path = manifest(tmp_path / "rec", FOUR)
    with pytest.raises(SuiteError, match=re.escape(f"(did you mean '{path}'?)")):
        opened(f"{tmp_path}/REC\\{path.name}")
