"""Unusable utterances: each is refused in one line, or skipped and counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.corpus_forms import manifest
from tests.support.tiny import RATE, Spoken, encoded, sound, spoken, write_corpus
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError

GOOD = spoken(range(6))
BAD = "u2"
POISONED = sound(0.5, seed=3)
POISONED[7] = np.nan


def rewritten(path: Path, row: int, **cells: object) -> None:
    """Change cells in one line of a manifest."""
    lines = path.read_text().splitlines()
    lines[row] = json.dumps(json.loads(lines[row]) | cells)
    path.write_text("\n".join(lines))


@dataclass(frozen=True)
class Defect:
    """A defect of the third of six utterances.

    Attributes:
        reason: name under which the defect is counted.
        write: writes the corpus to a folder.
        message: the expected error.
        late: True if only decoding reveals the defect.
    """

    reason: str
    write: Callable[[Path], Path]
    message: str
    late: bool = False


def with_audio(data: bytes) -> Callable[[Path], Path]:
    """Return a function that writes a parquet file whose third utterance has this audio."""
    return lambda folder: write_corpus(folder / "c.parquet", [u.but(audio=data) if u.id == BAD else u for u in GOOD])


def with_text(text: str | None) -> Callable[[Path], Path]:
    """Return a function that writes a parquet file whose third utterance has this transcript."""
    return lambda folder: write_corpus(folder / "c.parquet", [u.but(text=text) if u.id == BAD else u for u in GOOD])


def _missing(folder: Path) -> Path:
    path = manifest(folder, GOOD)
    (folder / "clips" / f"{BAD}.flac").unlink()
    return path


def _number(folder: Path) -> Path:
    path = manifest(folder, GOOD)
    rewritten(path, 2, text=7)
    return path


def _beyond(folder: Path) -> Path:
    path = manifest(folder, GOOD)
    rewritten(path, 2, offset=50)
    return path


LONG = encoded(np.zeros(100 * 1000 * 8, np.float32), rate=1000)  # 800 s, 100 kB
DEFECTS = (
    Defect(
        "missing file",
        _missing,
        r"audio of utterance 'clips/u2.flac' is missing: file '.*clips/u2.flac' does not exist",
    ),
    Defect("undecodable audio", with_audio(b"noise"), r"audio of utterance 'u2' cannot be decoded \(5 bytes"),
    Defect("undecodable audio", with_audio(GOOD[2].audio[:9000]), r"'u2' cannot be decoded", late=True),
    Defect("no samples", with_audio(encoded(np.zeros(0), container="WAV")), "audio of utterance 'u2' holds 0 samples"),
    Defect(
        "too long", with_audio(LONG), "audio of utterance 'u2' lasts 800.0 s, but at most 600 s are accepted; cut it"
    ),
    Defect("empty transcript", with_text(" \n"), "the transcript of utterance 'u2' is empty"),
    Defect("empty transcript", with_text(None), "the transcript of utterance 'u2' is empty"),
    Defect("non-text transcript", _number, "the transcript of utterance 'clips/u2.flac' is not text but int"),
    Defect(
        "part beyond the recording", _beyond, r"utterance 'clips/u2.flac@50' is the part from 50 s to 51 s of a rec"
    ),
    Defect(
        "non-finite samples",
        with_audio(encoded(POISONED, container="WAV", subtype="FLOAT")),
        "audio of utterance 'u2' has 1 samples that are NaN or infinite",
        late=True,
    ),
    Defect(
        "samples out of range",
        with_audio(encoded(sound(0.5, seed=3) * 32768, container="WAV", subtype="FLOAT")),
        r"audio of utterance 'u2' reaches 1\.\d+e\+04, but full scale is 1: .*divide them by",
        late=True,
    ),
)


def read(spec: CorpusSpec) -> Corpus:
    """Open a corpus and decode all of it."""
    corpus = open_corpus(spec)
    assert [utterance.id for utterance in corpus.utterances(RATE)] == list(corpus.ids)
    return corpus


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.message[:60])
def test_a_bad_utterance_is_refused(defect: Defect, tmp_path: Path) -> None:
    """The error comes when the corpus is opened, unless only decoding reveals the defect, and names --skip-bad."""
    spec = CorpusSpec("c", defect.write(tmp_path))
    with pytest.raises(SuiteError, match=defect.message) as caught:
        read(spec) if defect.late else open_corpus(spec)
    assert "\n" not in str(caught.value)
    assert "--skip-bad" in str(caught.value)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.message[:60])
def test_a_bad_utterance_is_skipped_and_counted(defect: Defect, tmp_path: Path) -> None:
    """The utterance is skipped when the corpus is opened, even if only decoding reveals the defect."""
    corpus = read(CorpusSpec("c", defect.write(tmp_path), skip_bad=True))
    assert 5 == len(corpus)
    assert {defect.reason: 1} == corpus.skipped_by_reason
    assert [BAD] == [Path(error.utterance.partition("@")[0]).stem for error in corpus.skipped]
    assert f"1 of 6 utterances of 'c' are skipped: 1 {defect.reason} (first " in corpus.skipped_note


def test_reasons_are_counted_separately(tmp_path: Path) -> None:
    """The most frequent reason comes first, each with its first utterance; a limit draws from the remaining ones."""
    utterances = [u.but(text="") if n in {0, 3, 4} else u for n, u in enumerate(GOOD)]
    utterances[5] = utterances[5].but(audio=b"")
    spec = CorpusSpec("c", write_corpus(tmp_path / "c.parquet", utterances), skip_bad=True)
    corpus = open_corpus(spec)
    assert {"empty transcript": 3, "undecodable audio": 1} == corpus.skipped_by_reason
    assert (
        "4 of 6 utterances of 'c' are skipped: 3 empty transcript (first 'u0'), 1 undecodable audio (first 'u5')"
        == corpus.skipped_note
    )
    assert ("u1", "u2") == corpus.ids
    assert 2 == len(open_corpus(replace(spec, limit=2)))


def test_a_sound_corpus_has_no_note(tmp_path: Path) -> None:
    """A corpus without bad utterances is the same with and without the option."""
    spec = CorpusSpec("c", write_corpus(tmp_path / "c.parquet", GOOD))
    allowed = open_corpus(replace(spec, skip_bad=True))
    assert ("", {}) == (allowed.skipped_note, allowed.skipped_by_reason)
    assert open_corpus(spec).fingerprint == allowed.fingerprint


def test_a_corpus_of_bad_utterances_alone_is_refused(tmp_path: Path) -> None:
    """A wrong column or folder makes every utterance bad; the error gives the first one's reason."""
    path = manifest(tmp_path, GOOD)
    (tmp_path / "clips").rename(tmp_path / "elsewhere")
    with pytest.raises(
        SuiteError, match=r"'m' has no utterance left: all 6 are unusable; .* file '.*clips/u0.flac' does not exist"
    ):
        open_corpus(CorpusSpec("m", path, skip_bad=True))


@pytest.mark.parametrize("skip_bad", [False, True])
def test_repeated_ids_are_made_unique(skip_bad: bool, tmp_path: Path) -> None:
    """FLEURS has the id of the sentence, which several people read; a note says so, and each has its own audio."""
    names = ["u1", "u1", "u1#2", "u0", "u1", "u0"]
    utterances = [u.but(id=name) for u, name in zip(GOOD, names, strict=True)]
    corpus = read(CorpusSpec("c", write_corpus(tmp_path / "c.parquet", utterances), skip_bad=skip_bad))
    assert ("u1", "u1#2", "u1#2#2", "u0", "u1#3", "u0#2") == corpus.ids
    assert [u.text for u in GOOD] == [u.text for u in corpus.utterances(RATE)]
    assert ["u1#3"] == [u.id for u in corpus.utterances(RATE, only={"u1#3"})]
    assert 6 == len(set(corpus.digests.values()))
    (note,) = corpus.notes
    assert note.startswith("4 utterances have the id of another one, first 'u1', and are named 'u1#2' and so on")
    assert corpus.notes == corpus.hold_out(2)[0].notes


def test_the_longest_duration_can_be_raised(tmp_path: Path) -> None:
    """The spec sets the longest accepted duration."""
    path = with_audio(LONG)(tmp_path)
    assert 6 == len(open_corpus(CorpusSpec("c", path, max_duration_s=801)))
    with pytest.raises(SuiteError, match=r"'u0' lasts 0.5 s, but at most 0.4 s are accepted"):
        open_corpus(CorpusSpec("c", path, max_duration_s=0.4))


def test_a_corpus_that_changes_during_the_run_is_refused(tmp_path: Path) -> None:
    """A recording, transcript or order that differs from the index is an error."""
    path = tmp_path / "c.parquet"
    corpus = open_corpus(CorpusSpec("c", write_corpus(path, GOOD)))
    others: tuple[list[Spoken], ...] = (
        [GOOD[0].but(audio=GOOD[1].audio), *GOOD[1:]],
        [GOOD[0].but(text="ELSE"), *GOOD[1:]],
        [GOOD[1], GOOD[0], *GOOD[2:]],
    )
    for changed in others:
        write_corpus(path, changed)
        with pytest.raises(SuiteError, match="corpus 'c' has changed since it was opened: row 0 was utterance 'u0'"):
            list(corpus.utterances(RATE))
