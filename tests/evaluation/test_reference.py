"""The reference run: blocks are built once, read lazily, and at most one is lost by an interruption."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.tiny import LABELS, RATE, Spoken, encoded, sound, write_corpus
from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.errors import InputTooShortError, SuiteError
from wergate.evaluation import reference_run as reference
from wergate.evaluation.reference_run import read_reference, reference_run
from wergate.networks.alphabet import Alphabet
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.progress import silent
from wergate.store import Artifact, Store

FRONTEND = Frontend(RATE, normalize=False, receptive_field=400, hop=320, alphabet=Alphabet(LABELS, 0, "|"))


@dataclass(frozen=True)
class Model:
    """The part of a reference model that a reference run needs."""

    name: str = "fake"
    digest: str = "abc"
    engine: str = "pytorch"
    packages: tuple[str, ...] = ("torch",)

    def frontend(self) -> Frontend:
        return FRONTEND


@dataclass
class Recognizer:
    """A recognizer that counts its calls, can be interrupted, and gives different logits for different samples."""

    frontend: Frontend = FRONTEND
    interrupt_at: int = -1
    calls: int = 0

    def logits(self, waveforms: Samples) -> Logits:
        self.frontend.require_frame(waveforms.shape[1])
        if self.calls == self.interrupt_at:
            raise KeyboardInterrupt
        self.calls += 1
        frames = self.frontend.frame_count(waveforms.shape[1])
        scale = np.arange(frames * len(LABELS), dtype=np.float32).reshape(1, frames, len(LABELS))
        return np.sin(scale * (1 + float(np.abs(waveforms).sum())))


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Ten utterances."""
    return opened(tmp_path, range(10))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the block size to four utterances."""
    monkeypatch.setattr(reference, "BLOCK", 4)


def opened(folder: Path, numbers: range, prefix: str = "u") -> Corpus:
    """Return a corpus of short recordings."""
    rows = [Spoken(f"{prefix}{n}", f"TEXT {n}", encoded(sound(0.1 + 0.01 * n, seed=n))) for n in numbers]
    path = write_corpus(folder / f"{prefix}{numbers.start}-{numbers.stop}.parquet", rows)
    return open_corpus(CorpusSpec("corpus", path))


def run(store: Store, corpus: Corpus, recognizer: Recognizer, model: Model | None = None) -> list[Artifact]:
    """Return a reference run's artifacts."""
    return reference_run(store, model or Model(), corpus, recognizer, silent)


def test_each_block_is_an_artifact(corpus: Corpus, tmp_path: Path) -> None:
    """Ten utterances in blocks of four give three artifacts; a second run finds them and infers nothing."""
    recognizer = Recognizer()
    first = run(Store(tmp_path), corpus, recognizer)
    again = run(Store(tmp_path), corpus, recognizer)
    assert ([True] * 3, [False] * 3, 10) == ([a.built for a in first], [a.built for a in again], recognizer.calls)


def test_the_run_is_read_as_it_was_computed(corpus: Corpus, tmp_path: Path) -> None:
    """Logits (bit by bit), transcript and time are found by utterance id, in any order of access."""
    recognizer = Recognizer()
    found = read_reference(run(Store(tmp_path), corpus, recognizer), corpus)
    assert list(corpus.ids) == list(found)
    assert len(corpus) == len(found)
    for utterance in reversed(list(corpus.utterances(RATE))):
        expected = recognizer.logits(utterance.waveform.samples[None])[0]
        assert np.array_equal(expected, found[utterance.id].logits)
        assert FRONTEND.alphabet.text(expected.argmax(axis=-1).tolist()) == found[utterance.id].hypothesis
        assert found[utterance.id].seconds > 0


@pytest.mark.parametrize(("interrupt_at", "kept"), [(0, 0), (3, 0), (4, 1), (9, 2)])
def test_an_interruption_loses_one_block_at_most(interrupt_at: int, kept: int, corpus: Corpus, tmp_path: Path) -> None:
    """Complete blocks stay, and the next run continues after them with the same result."""
    with pytest.raises(KeyboardInterrupt):
        run(Store(tmp_path / "cut"), corpus, Recognizer(interrupt_at=interrupt_at))
    recognizer = Recognizer()
    resumed = run(Store(tmp_path / "cut"), corpus, recognizer)
    assert ([False] * kept, 10 - 4 * kept) == ([a.built for a in resumed[:kept]], recognizer.calls)
    whole = run(Store(tmp_path / "whole"), corpus, Recognizer())
    for cut, uninterrupted in zip(resumed, whole, strict=True):
        assert (cut.key, cut.file("logits.npy").read_bytes()) == (
            uninterrupted.key,
            uninterrupted.file("logits.npy").read_bytes(),
        )


def test_a_corpus_that_grows_keeps_its_whole_blocks(tmp_path: Path) -> None:
    """Blocks depend on the audio, not on names or ids, so known audio is not transcribed again."""
    run(Store(tmp_path), opened(tmp_path, range(10)), Recognizer())
    recognizer = Recognizer()
    run(Store(tmp_path), opened(tmp_path, range(12)), recognizer)
    assert 4 == recognizer.calls
    run(Store(tmp_path), opened(tmp_path, range(12), prefix="other"), recognizer)
    assert 4 == recognizer.calls


def test_other_weights_are_another_run(corpus: Corpus, tmp_path: Path) -> None:
    """Models with different weights share no block."""
    keys = {
        a.key for digest in ("abc", "xyz") for a in run(Store(tmp_path), corpus, Recognizer(), Model(digest=digest))
    }
    assert 6 == len(keys)


@pytest.mark.parametrize("missing", [{1}, {0, 2}, {0, 1, 2}])
def test_only_missing_blocks_are_built(missing: set[int], corpus: Corpus, tmp_path: Path) -> None:
    """A missing block is rebuilt from its own utterances, at any position."""
    artifacts = run(Store(tmp_path), corpus, Recognizer())
    expected = [artifact.file("logits.npy").read_bytes() for artifact in artifacts]
    for number in missing:
        shutil.rmtree(artifacts[number].folder)
    recognizer = Recognizer()
    again = run(Store(tmp_path), corpus, recognizer)
    assert missing == {number for number, artifact in enumerate(again) if artifact.built}
    assert sum((4, 4, 2)[number] for number in missing) == recognizer.calls
    assert expected == [artifact.file("logits.npy").read_bytes() for artifact in again]


def test_too_short_an_utterance_is_named(tmp_path: Path) -> None:
    """The message names the utterance."""
    short = write_corpus(tmp_path / "short.parquet", [Spoken("u1", "A", encoded(np.zeros(300, np.float32)))])
    with pytest.raises(InputTooShortError, match=r"utterance 'u1': input of 300 samples is too short"):
        run(Store(tmp_path), open_corpus(CorpusSpec("short", short)), Recognizer())


def test_a_corpus_that_loses_utterances_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    """The run ends with one line and writes no block with missing rows."""

    @dataclass(frozen=True)
    class Shrinking(Corpus):
        def utterances(self, sampling_rate: int, only: frozenset[str] | None = None) -> Iterator[object]:
            return (u for u in super().utterances(sampling_rate, only) if u.id != "u5")

    shrinking = Shrinking(corpus.spec, corpus.source, corpus.columns, corpus.entries, corpus.whole)
    with pytest.raises(SuiteError, match=r"corpus 'corpus' has lost utterance 'u5' since it was opened"):
        run(Store(tmp_path), shrinking, Recognizer())


def test_a_frontend_other_than_the_models_is_refused(tmp_path: Path, corpus: Corpus) -> None:
    """The key covers the model but no frontend, so later runs would reuse the logits of a wrong frontend."""
    labels = tuple(reversed(FRONTEND.alphabet.labels))
    other = replace(FRONTEND, alphabet=replace(FRONTEND.alphabet, labels=labels))
    with pytest.raises(SuiteError, match="the frontend stored with the FP16 IR of 'fake' is not the model's own"):
        run(Store(tmp_path), corpus, Recognizer(frontend=other))
