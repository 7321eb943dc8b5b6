"""Corpus formats: all give the same utterances, and an unknown or ambiguous one is refused in one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.support.corpus_forms import (
    audio_files,
    json_lines,
    librispeech,
    manifest,
    metadata_below,
    metadata_csv,
    metadata_json,
    parquet_folder,
)
from tests.support.tiny import RATE, Spoken, encoded, sound, spoken, write_corpus
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.sources.opening import parse_corpus_specs
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError
from wergate.store import file_digest

SEVEN = [u.but(id=f"{100 + 3 * (n // 3)}-7-{n:04d}", text=f"{u.text} ÄÖ") for n, u in enumerate(spoken(range(7)))]
Write = Callable[[Path, Sequence[Spoken]], Path]


def opened(path: Path) -> Corpus:
    """Open a corpus by the path that a user would give."""
    (spec,) = parse_corpus_specs(str(path), Path("unused"))
    return open_corpus(spec)


@dataclass(frozen=True)
class Form:
    """A format of a corpus, and the ids that its utterances have in it."""

    id: str
    write: Write
    id_of: Callable[[Spoken, int], str] = lambda u, _: u.id


def half(number: int) -> str:
    return "a" if number < 3 else "b"


FORMS = (
    Form("parquet", lambda folder, u: write_corpus(folder / "any.parquet", u)),
    Form("parquet of another name", lambda f, u: write_corpus(f / "any.parquet", u).rename(f / "any.bin")),
    Form("parquet folder", parquet_folder),
    Form("metadata.jsonl", metadata_json, lambda u, _: f"wavs/deep/{u.id}.flac"),
    Form("metadata.csv", metadata_csv, lambda u, _: f"{u.id}.flac"),
    Form("metadata in sub folders", metadata_below, lambda u, n: f"{half(n)}/{u.id}.flac"),
    Form("librispeech", librispeech),
    Form("manifest", manifest, lambda u, _: f"clips/{u.id}.flac"),
    Form("manifest of another name", lambda f, u: manifest(f, u).rename(f / "any"), lambda u, _: f"clips/{u.id}.flac"),
)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_every_format_is_detected(form: Form, tmp_path: Path) -> None:
    """Ids, transcripts, audio and digests are those that were written, in order, without naming the format."""
    corpus = opened(form.write(tmp_path, SEVEN))
    read = list(corpus.utterances(RATE))
    assert [(form.id_of(u, n), u.text) for n, u in enumerate(SEVEN)] == [(u.id, u.text) for u in read]
    assert tuple(u.id for u in read) == corpus.ids
    assert list(opened(write_corpus(tmp_path / "again.parquet", SEVEN)).digests.values()) == list(
        corpus.digests.values()
    )
    assert [len(u.waveform.samples) / RATE for u in read] == list(corpus.durations.values())


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_selected_utterances_are_read_alone(form: Form, tmp_path: Path) -> None:
    """A resumed run reads only the missing utterances, in order and with the same audio as in a whole run."""
    corpus = opened(form.write(tmp_path, SEVEN))
    wanted = {corpus.ids[n] for n in (1, 4, 6)}
    selected = list(corpus.utterances(RATE, only=wanted))
    expected = [u for u in corpus.utterances(RATE) if u.id in wanted]
    assert [u.id for u in expected] == [u.id for u in selected]
    for one, other in zip(expected, selected, strict=True):
        np.testing.assert_array_equal(one.waveform.samples, other.waveform.samples)


def test_unselected_files_are_not_read(tmp_path: Path) -> None:
    """A deleted file is an error only if its utterance is selected."""
    corpus = opened(manifest(tmp_path, SEVEN))
    (tmp_path / "clips" / f"{SEVEN[0].id}.flac").unlink()
    assert 6 == len(list(corpus.utterances(RATE, only=corpus.ids[1:])))
    with pytest.raises(SuiteError, match=r"file '.*0000.flac' does not exist"):
        list(corpus.utterances(RATE))


def test_row_groups_without_a_wanted_row_are_not_read(tmp_path: Path) -> None:
    """A row group that is damaged after indexing is an error only if one of its rows is selected."""
    path = tmp_path / "groups.parquet"
    pq.write_table(pq.read_table(write_corpus(tmp_path / "one.parquet", SEVEN)), path, row_group_size=2)
    corpus = opened(path)
    damage(path, pq.ParquetFile(path).metadata.row_group(0).column(1).data_page_offset)
    assert list(corpus.ids[2:]) == [u.id for u in corpus.utterances(RATE, only=corpus.ids[2:])]
    with pytest.raises(SuiteError, match=r"groups.parquet' cannot be read completely \(row group 0\)"):
        list(corpus.utterances(RATE))


def damage(path: Path, offset: int) -> None:
    """Overwrite 64 bytes of a file."""
    data = bytearray(path.read_bytes())
    data[offset : offset + 64] = b"\xff" * 64
    path.write_bytes(data)


def test_speakers_are_known(tmp_path: Path) -> None:
    """Speakers come from a column, or from LibriSpeech's ids."""
    assert ["s0", "s1"] == [u.speaker for u in opened(metadata_csv(tmp_path / "a", SEVEN[:2])).utterances(RATE)]
    read = list(opened(librispeech(tmp_path / "b", SEVEN)).utterances(RATE))
    assert ["100", "100", "100", "103", "103", "103", "106"] == [u.speaker for u in read]


def test_a_folder_of_no_known_format_is_refused(tmp_path: Path) -> None:
    """The error lists the accepted files and suggests a manifest in the folder."""
    audio_files(tmp_path, SEVEN[:1])
    with pytest.raises(SuiteError, match=r"not a corpus; metadata\.jsonl or metadata\.csv.*trans\.txt.*parquet"):
        opened(tmp_path)
    json_lines(tmp_path / "list.jsonl", [{"audio_filepath": "u0.flac", "text": "A"}])
    with pytest.raises(SuiteError, match=r"not a corpus \(did you mean '.*list\.jsonl'\?\)"):
        opened(tmp_path)


@dataclass(frozen=True)
class Ambiguity:
    """A folder with several corpora, and the expected error."""

    id: str
    write: Callable[[Path], object]
    message: str


def _splits(folder: Path, write: Write) -> None:
    for split in ("train", "test"):
        write(folder / split, SEVEN[:2])


def _two_shards(folder: Path) -> None:
    write_corpus(folder / "test-00000-of-00001.parquet", SEVEN[:1])
    write_corpus(folder / "clean-00000-of-00001.parquet", SEVEN[:1])


AMBIGUITIES = (
    Ambiguity(
        "two formats",
        lambda f: (metadata_csv(f, SEVEN[:1]), librispeech(f, SEVEN[:1])),
        r"several formats: metadata.jsonl/metadata.csv \('metadata.csv'\), \*.trans.txt",
    ),
    Ambiguity(
        "two metadata files",
        lambda f: (metadata_csv(f, SEVEN[:1]), metadata_json(f, SEVEN[:1])),
        "metadata in two formats: 'metadata.csv', 'metadata.jsonl'; keep one",
    ),
    Ambiguity(
        "splits of metadata", lambda f: _splits(f, metadata_json), "holds the splits test, train.*file or subfolder"
    ),
    Ambiguity("splits of parquet", _two_shards, "holds the splits clean, test"),
)


@pytest.mark.parametrize("ambiguity", AMBIGUITIES, ids=lambda ambiguity: ambiguity.id)
def test_several_corpora_are_not_mixed(ambiguity: Ambiguity, tmp_path: Path) -> None:
    """The user has to choose one of them."""
    ambiguity.write(tmp_path)
    with pytest.raises(SuiteError, match=ambiguity.message):
        opened(tmp_path)


def test_hidden_folders_are_ignored(tmp_path: Path) -> None:
    """The cache of a download in the folder does not count as a part of the corpus."""
    parquet_folder(tmp_path, SEVEN)
    (tmp_path / ".cache").mkdir()
    write_corpus(tmp_path / ".cache" / "train.parquet", SEVEN[:1])
    assert 7 == len(opened(tmp_path))


def test_paths_in_metadata_are_relative_to_its_folder(tmp_path: Path) -> None:
    """Equal names in two folders are two recordings, also in the hub's other column `audio_file_name`."""
    for name, utterance in zip("ab", SEVEN, strict=False):
        audio_files(tmp_path / name, [utterance.but(id="one")])
        json_lines(tmp_path / name / "metadata.jsonl", [{"audio_file_name": "one.flac", "text": utterance.text}])
    corpus = opened(tmp_path)
    assert [("a/one.flac", SEVEN[0].text), ("b/one.flac", SEVEN[1].text)] == [
        (u.id, u.text) for u in corpus.utterances(RATE)
    ]
    assert 2 == len(set(corpus.digests.values()))


def test_links_are_followed_once(tmp_path: Path) -> None:
    """A tree made of links is read, and a link back to a parent folder does not loop."""
    librispeech(tmp_path / "elsewhere", SEVEN)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "test").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "again").symlink_to(tmp_path / "mine")
    (tmp_path / "mine" / "too").symlink_to(tmp_path / "elsewhere" / "LibriSpeech")
    assert [u.id for u in SEVEN] == list(opened(tmp_path / "mine").ids)


def test_a_part_of_a_long_recording_is_cut_by_offset(tmp_path: Path) -> None:
    """With NeMo's offset and duration, the samples are those of the part, and parts of one file have distinct ids."""
    samples = sound(3.0, seed=5)
    (tmp_path / "long.wav").write_bytes(encoded(samples, container="WAV", subtype="FLOAT"))
    rows = [
        {"audio_filepath": "long.wav", "text": "A", "offset": 0.0, "duration": 1.0},
        {"audio_filepath": "long.wav", "text": "B", "offset": 1.0, "duration": 1.5},
        {"audio_filepath": "long.wav", "text": "C", "offset": 2.5, "duration": 0.55},
        {"audio_filepath": "long.wav", "text": "D", "offset": 2.0},
    ]
    corpus = opened(json_lines(tmp_path / "parts.json", rows))
    first, second, third, last = corpus.utterances(RATE)
    assert ("long.wav", "long.wav@1.0", "long.wav@2.5", "long.wav@2.0") == corpus.ids
    np.testing.assert_array_equal(samples[:RATE], first.waveform.samples)
    np.testing.assert_array_equal(samples[RATE : RATE * 5 // 2], second.waveform.samples)
    np.testing.assert_array_equal(samples[RATE * 5 // 2 :], third.waveform.samples)
    np.testing.assert_array_equal(samples[2 * RATE :], last.waveform.samples)
    assert [1.0, 1.5, 0.5, 1.0] == list(corpus.durations.values())
    assert 4 == len(set(corpus.digests.values()))


def test_each_long_recording_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of the parts of several files decides neither the digests nor how often a file is read."""
    for name in "abc":
        (tmp_path / f"{name}.wav").write_bytes(encoded(sound(3.0, seed=ord(name)), container="WAV"))
    rows = [{"audio_filepath": f"{name}.wav", "text": "A", "offset": 0.5 * n} for name in "abc" for n in range(5)]
    hashed: list[Path] = []

    def digest(path: Path) -> str:
        hashed.append(path)
        return file_digest(path)

    monkeypatch.setattr("wergate.corpora.index.file_digest", digest)
    in_order = opened(json_lines(tmp_path / "a.json", rows))
    in_turn = opened(json_lines(tmp_path / "b.json", [row for n in range(5) for row in rows[n::5]]))
    assert dict(in_order.digests) == dict(in_turn.digests)
    assert 15 == len(set(in_turn.digests.values()))
    assert [tmp_path / f"{name}.wav" for name in "abc"] * 2 == hashed


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param({"offset": 9.0}, r"from 9 s to its end of a recording of 0.50 s", id="offset beyond"),
        pytest.param({"offset": 0.1, "duration": 5}, r"from 0.1 s to 5.1 s of a recording", id="end beyond"),
        pytest.param({"offset": -1}, "offset of utterance .* is '-1'; seconds, at least 0", id="negative"),
        pytest.param({"offset": "soon"}, "offset of utterance .* is 'soon'", id="not a number"),
    ],
)
def test_a_part_beyond_the_recording_is_refused(row: dict[str, object], message: str, tmp_path: Path) -> None:
    """The error names the bounds of the part and the length of the recording."""
    audio_files(tmp_path, SEVEN[:1])
    cells = {"audio_filepath": f"{SEVEN[0].id}.flac", "text": "A"}
    with pytest.raises(SuiteError, match=message):
        opened(json_lines(tmp_path / "m.json", [cells | row]))


LINES = (
    pytest.param(b'{"audio_filepath": "a", "text": "A"}\n\n{"audio', "line 3 is not JSON", id="cut off"),
    pytest.param(b'[{"audio_filepath": "a"}]', "line 1 is a JSON list: .*one JSON object per line", id="one array"),
    pytest.param(b"{\n", "line 1 is not JSON", id="pretty-printed"),
    pytest.param(b'{"text": "\xff"}\n', "cannot be read: 'utf-8' codec", id="not UTF-8"),
    pytest.param(b"", "has no audio column", id="empty"),
)


@pytest.mark.parametrize(("data", "message"), LINES)
def test_an_unreadable_line_is_refused(data: bytes, message: str, tmp_path: Path) -> None:
    """The error names the file and the line, before any audio is read."""
    path = tmp_path / "m.jsonl"
    path.write_bytes(data)
    with pytest.raises(SuiteError, match=message) as caught:
        opened(path)
    assert "\n" not in str(caught.value)


def test_csv_lines_are_checked_against_their_header(tmp_path: Path) -> None:
    """A line with too many fields is refused; an unquoted comma in a transcript is the usual cause."""
    path = tmp_path / "m.csv"
    path.write_text("file_name,text\na.wav,one\nb.wav,one, two\n")
    with pytest.raises(SuiteError, match=r"line 3 has 3 fields, but its first line names 2 columns; correct.*quote"):
        opened(path)
    path.write_text("file_name,text,text\n")
    with pytest.raises(SuiteError, match="two columns of one name: file_name, text, text"):
        opened(path)


def test_variations_of_tables_are_read(tmp_path: Path) -> None:
    """Byte order marks, blank lines, quotes, tabs, extra columns and Common Voice's column names are accepted."""
    paths = audio_files(tmp_path, SEVEN[:2])
    (tmp_path / "a.csv").write_text(f'\ufefffile_name,text\n{paths[0]},"one, two"\n\n{paths[1]},three\n')
    assert ["one, two", "three"] == [u.text for u in opened(tmp_path / "a.csv").utterances(RATE)]
    (tmp_path / "b.tsv").write_text(f"client_id\tpath\tsentence\tage\nme\t{paths[0]}\tone, two\t9\n")
    (utterance,) = opened(tmp_path / "b.tsv").utterances(RATE)
    assert (paths[0], "one, two", "me") == (utterance.id, utterance.text, utterance.speaker)
    lines = [{"Audio": paths[0], "Text": "one", "id": 4}, {"Text": "two", "Audio": str(tmp_path / paths[1]), "id": 5}]
    (tmp_path / "c.jsonl").write_text("\ufeff" + "\n\n".join(json.dumps(line) for line in lines))
    assert [("4", "one"), ("5", "two")] == [(u.id, u.text) for u in opened(tmp_path / "c.jsonl").utterances(RATE)]


def test_shards_with_other_columns_are_refused(tmp_path: Path) -> None:
    """Parquet files of two data sets in one folder are detected by their columns."""
    table = pq.read_table(write_corpus(tmp_path / "a.parquet", SEVEN[:1]))
    pq.write_table(table.rename_columns(["id", "audio", "words"]), tmp_path / "b.parquet")
    with pytest.raises(SuiteError, match=r"b.parquet' has the columns id, audio, words, but 'a.parquet' has id"):
        opened(tmp_path)


@pytest.mark.parametrize("size", [0, 10, -7])
def test_a_corrupt_parquet_is_refused(size: int, tmp_path: Path) -> None:
    """An empty or truncated file is refused in one line."""
    path = write_corpus(tmp_path / "mine.parquet", SEVEN[:2])
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(
        SuiteError, match=r"corpus 'mine' cannot be opened: parquet file .*mine.parquet' cannot"
    ) as caught:
        opened(path)
    assert "\n" not in str(caught.value)


def test_a_parquet_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    """A file with a sound footer but damaged pages is refused when it is indexed."""
    path = write_corpus(tmp_path / "mine.parquet", SEVEN)
    damage(path, pq.ParquetFile(path).metadata.row_group(0).column(1).data_page_offset)
    with pytest.raises(SuiteError, match=r"cannot be read completely \(row group 0\)"):
        opened(path)


def test_folders_of_the_system_are_not_suggested() -> None:
    """Something like `/opt` lies next to a mistyped `/op`, but is not a corpus."""
    with pytest.raises(SuiteError, match=r"corpus '/op' is neither a file nor a known spec; accepted: embedded"):
        parse_corpus_specs("/op", Path("embedded"))


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    """A single recording and a missing path are not corpora."""
    (tmp_path / "a.flac").write_bytes(SEVEN[0].audio)
    with pytest.raises(SuiteError, match=r"neither a file nor a known spec \(did you mean 'a.flac'\?\)"):
        opened(tmp_path / "a.flacc")
    with pytest.raises(SuiteError, match="neither parquet nor a manifest; parquet, or CSV, TSV or JSON Lines"):
        opened(tmp_path / "a.flac")
    with pytest.raises(SuiteError, match=r"file or folder '.*gone' does not exist"):
        open_corpus(CorpusSpec("gone", tmp_path / "gone"))
