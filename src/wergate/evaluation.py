"""A corpus through a quantized recognizer, beside the reference run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from wergate.alphabet import Alphabet
from wergate.corpus import Corpus, Utterance
from wergate.ctc import Logits, greedy_decode
from wergate.errors import SuiteError
from wergate.logits import LogitsDifference, difference, total
from wergate.normalize import NORMALIZERS
from wergate.progress import Progress
from wergate.recognizers import Recognizer
from wergate.reference import ReferenceUtterance
from wergate.wer import WordErrors, count_word_errors, headline_wer

_BLOCK = 128  # utterances in flight: enough to keep every stream busy, few enough to stay small in memory


@dataclass(frozen=True)
class UtteranceOutcome:
    """One utterance: what was said, what the reference model heard, what the candidate heard."""

    id: str
    duration_s: float
    text: str
    reference_hypothesis: str
    hypothesis: str
    logits: LogitsDifference

    @property
    def matches(self) -> bool:
        """Whether the candidate's transcript is the reference model's, character by character."""
        return self.hypothesis == self.reference_hypothesis


@dataclass(frozen=True)
class Transcripts:
    """One recognizer's transcripts of a corpus, with their word errors."""

    headline: float
    errors: tuple[WordErrors, ...]

    @property
    def total(self) -> WordErrors:
        """Counts over the corpus."""
        return sum(self.errors, WordErrors())


@dataclass(frozen=True)
class Evaluation:
    """A candidate recognizer on a corpus.

    Attributes:
        engine: what runs the reference model, "pytorch" or "onnxruntime".
        seconds: time spent in the candidate's inference alone.
        notes: what had to be done to the audio, with the number of utterances.
    """

    corpus: str
    engine: str
    normalizer: str
    outcomes: tuple[UtteranceOutcome, ...]
    seconds: float
    notes: Mapping[str, int]

    @cached_property
    def reference(self) -> Transcripts:
        """The reference model's word errors."""
        return self._transcripts([outcome.reference_hypothesis for outcome in self.outcomes])

    @cached_property
    def candidate(self) -> Transcripts:
        """The candidate's word errors."""
        return self._transcripts([outcome.hypothesis for outcome in self.outcomes])

    @cached_property
    def logits(self) -> LogitsDifference:
        """The logits' difference over all frames."""
        return total(outcome.logits for outcome in self.outcomes)

    @property
    def mismatches(self) -> tuple[UtteranceOutcome, ...]:
        """Utterances that the candidate transcribes differently from the reference model."""
        return tuple(outcome for outcome in self.outcomes if not outcome.matches)

    @property
    def audio_s(self) -> float:
        """Seconds of audio."""
        return sum(outcome.duration_s for outcome in self.outcomes)

    @property
    def scope(self) -> str:
        """Corpus and amount of evidence, for messages."""
        words = self.reference.total.words
        return f"{self.corpus}, {len(self.outcomes)} utterances, {words} words"

    def _transcripts(self, hypotheses: list[str]) -> Transcripts:
        references = [outcome.text for outcome in self.outcomes]
        normalizer = NORMALIZERS[self.normalizer]
        return Transcripts(
            headline_wer(references=references, hypotheses=hypotheses, normalizer=normalizer),
            count_word_errors(references=references, hypotheses=hypotheses, normalizer=normalizer),
        )


def evaluate(
    recognizer: Recognizer,
    corpus: Corpus,
    reference: Mapping[str, ReferenceUtterance],
    *,
    name: str,
    engine: str,
    normalizer: str,
    progress: Progress,
) -> Evaluation:
    """Transcribe a corpus and compare each utterance with the reference run.

    Raises:
        SuiteError: the candidate gives logits of another shape than the reference model.
    """
    outcomes: list[UtteranceOutcome] = []
    notes, seconds = Counter[str](), 0.0
    utterances = progress(corpus.utterances(recognizer.frontend.sampling_rate), f"{name} on {corpus.name}", len(corpus))
    while block := list(islice(utterances, _BLOCK)):
        started = time.perf_counter()
        logits = recognizer.logits_of([utterance.waveform.samples for utterance in block])
        seconds += time.perf_counter() - started
        alphabet = recognizer.frontend.alphabet
        for utterance, found in zip(block, logits, strict=True):
            notes.update(utterance.waveform.notes)
            outcomes.append(_outcome(utterance, reference[utterance.id], found, alphabet, name))
    return Evaluation(corpus.name, engine, normalizer, tuple(outcomes), seconds, dict(notes))


def _outcome(
    utterance: Utterance, expected: ReferenceUtterance, logits: Logits, alphabet: Alphabet, name: str
) -> UtteranceOutcome:
    if logits.shape != expected.logits.shape:
        raise SuiteError(
            f"{name} gives logits of shape {logits.shape} for utterance '{utterance.id}', the reference model "
            f"{expected.logits.shape}; the same frames and vocabulary are needed; check that both are one model"
        )
    return UtteranceOutcome(
        utterance.id,
        utterance.waveform.duration_s,
        utterance.text,
        expected.hypothesis,
        greedy_decode(logits, alphabet),
        difference(reference=expected.logits, candidate=logits),
    )
