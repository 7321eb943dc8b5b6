"""Repetition after a corpus: which utterances run again, and what counts as other logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.recorded import Attempt, Recognizer, ReferenceRun, corpus_of, network
from tests.support.variants import make_variant
from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.repetition import Repetition, repeat
from wergate.gates.streams import stream_verdict
from wergate.networks.ctc import Logits
from wergate.verdict import Status

COUNT = 30
NOISE = 1.0


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Thirty short utterances."""
    return corpus_of(tmp_path_factory.mktemp("corpus") / "corpus.parquet", COUNT)


@dataclass
class Streams:
    """Two streams, which give the logits of `recorded.Recognizer`.

    Attributes:
        damage: changes the logits of the second stream.
        probes: what the probes of the compiled models give.
        asked: number of utterances that ran again.
    """

    damage: Callable[[Logits], Logits] = lambda logits: logits
    probes: tuple[bool, ...] = (True, True)
    asked: list[int] = field(default_factory=list)

    def again(self, samples: Samples) -> list[Logits]:
        """Return the logits of both streams."""
        self.asked.append(len(samples))
        return [network(samples, NOISE), self.damage(network(samples, NOISE))]

    def probed_again(self) -> Iterator[bool]:
        """Yield the outcome of each compiled model."""
        yield from self.probes


def repeated(corpus: Corpus, streams: Streams, evaluation: Evaluation | None = None) -> Repetition:
    """Repeat an evaluation."""
    evaluation = evaluation or Attempt(corpus, recognizer=Recognizer(NOISE)).evaluate()
    return repeat(evaluation, corpus, streams, ReferenceRun(corpus)())


def test_equal_logits_pass(corpus: Corpus) -> None:
    """The noisiest utterances run again, and not the whole corpus."""
    streams = Streams()
    found = repeated(corpus, streams)
    assert Repetition(models=2, wrong_models=0, utterances=5, differing=()) == found
    assert 5 == len(streams.asked)
    assert Status.PASS is stream_verdict(found, make_variant(), corpus="corpus").status


@pytest.mark.parametrize(("gaining", "expected"), [(2, 7), (20, 8)])
def test_utterances_that_gained_errors_run_again(gaining: int, expected: int, corpus: Corpus) -> None:
    """They follow the noisiest, up to eight in all."""
    evaluation = Attempt(corpus, recognizer=Recognizer(NOISE)).evaluate()
    quiet = sorted(evaluation.outcomes, key=lambda outcome: -outcome.logits.sqnr_db)[:gaining]
    outcomes = tuple(replace(o, hypothesis="A B C D E F G") if o in quiet else o for o in evaluation.outcomes)
    assert expected == repeated(corpus, Streams(), replace(evaluation, outcomes=outcomes)).utterances


def one_bit(logits: Logits) -> Logits:
    """Change the last bit of one logit."""
    changed = logits.copy()
    changed[-1, -1] = np.nextafter(changed[-1, -1], np.float32(np.inf))
    return changed


def test_one_bit_on_one_stream_is_another_result(corpus: Corpus) -> None:
    """Streams are compared with each other bit by bit."""
    found = repeated(corpus, Streams(damage=one_bit))
    assert found.utterances == len(found.differing)
    verdict = stream_verdict(found, make_variant(), corpus="corpus")
    assert Status.FAIL is verdict.status
    assert f"{found.utterances} of {found.utterances} utterances and 0 of 2 probes differ when they" in verdict.line


def test_a_stream_that_fails_its_probe_fails_the_gate(corpus: Corpus) -> None:
    """Each compiled model counts."""
    found = repeated(corpus, Streams(probes=(True, False, False)))
    assert (3, 2) == (found.models, found.wrong_models)
    assert 2 == stream_verdict(found, make_variant(), corpus="corpus").value


class _Once(Recognizer):
    """A recognizer that gives noisier logits for one utterance."""

    def logits_of(self, utterances: list[Samples]) -> list[Logits]:
        logits = super().logits_of(utterances)
        self.damaged = getattr(self, "damaged", 0) or next((len(each) for each in logits if len(each) > 4), 0)
        return [2 * each if number == 0 else each for number, each in enumerate(logits)] if self.damaged else logits


def test_an_inference_that_was_wrong_once_is_another_result(corpus: Corpus) -> None:
    """All streams agree now, and not with the outcome of the corpus."""
    evaluation = Attempt(corpus, recognizer=_Once(NOISE)).evaluate()
    assert repeated(corpus, Streams(), evaluation).differing


def test_utterances_of_a_file_are_left_out(corpus: Corpus, tmp_path: Path) -> None:
    """This run did not infer them: another one did."""
    path = tmp_path / "transcripts.jsonl"
    Attempt(corpus, path).evaluate()
    resumed = Attempt(corpus, path).evaluate()
    assert frozenset() == resumed.inferred
    assert 0 == repeated(corpus, Streams(), resumed).utterances
