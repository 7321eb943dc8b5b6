"""The shape of the errors: what one word error rate hides.

A quantized CTC model that goes quiet deletes, one that hears ghosts inserts, one whose ranges were calibrated on short
utterances fails on long ones. Every figure is of the candidate beside the reference recognizer, on the same utterances.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.wer import WordErrors, count_character_errors

DURATIONS_S = (0.0, 2.0, 10.0, 20.0, math.inf)
_FEWEST_UTTERANCES = 2
_SHORTEST_WORDS = 10  # one word of three is no third of a catastrophe
_STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Rise:
    """A rate of the candidate beside the reference recognizer's.

    Attributes:
        reference, candidate: errors over reference units (words or characters), fractions.
        units: that it was measured on.
        utterances: that they are of.
        chance: two standard errors of the difference; infinite for less than two utterances.
    """

    reference: float
    candidate: float
    units: int
    utterances: int
    chance: float

    @property
    def value(self) -> float:
        """How much higher the candidate's rate is."""
        return self.candidate - self.reference


@dataclass(frozen=True)
class Range:
    """The word error rate of utterances of like durations: from `low_s`, below `high_s` seconds."""

    low_s: float
    high_s: float
    wer: Rise

    @property
    def name(self) -> str:
        """As tables and gates show it."""
        if not self.low_s:
            return f"<{self.high_s:g} s"
        return f">={self.low_s:g} s" if math.isinf(self.high_s) else f"{self.low_s:g}-{self.high_s:g} s"


@dataclass(frozen=True)
class Lengths:
    """Characters of all normalized texts: the transcripts, and what each recognizer wrote."""

    text: int
    reference: int
    candidate: int

    @property
    def reference_ratio(self) -> float:
        """The reference recognizer's length over the transcripts'."""
        return _ratio(self.reference, self.text)

    @property
    def ratio(self) -> float:
        """The candidate's length over the transcripts'."""
        return _ratio(self.candidate, self.text)

    @property
    def kept(self) -> float:
        """The candidate's length over the reference recognizer's."""
        return _ratio(self.candidate, self.reference)


@dataclass(frozen=True)
class Worst:
    """The utterance with the largest value of something."""

    id: str
    value: float


@dataclass(frozen=True)
class ErrorShape:
    """What became of the errors.

    Attributes:
        ranges: of durations that have words.
        worse, better: utterances with more, and with fewer errors than the reference recognizer makes.
        worst_rise: errors added in one utterance over its words; one of less than ten words counts as ten.
        worst_sqnr: the lowest signal-to-quantization-noise ratio of one utterance's logits, in dB.
    """

    utterances: int
    deletions: Rise
    insertions: Rise
    characters: Rise
    ranges: tuple[Range, ...]
    lengths: Lengths
    worse: int
    better: int
    worst_rise: Worst
    worst_sqnr: Worst

    @property
    def worse_rate(self) -> float:
        """Share of the utterances that got worse."""
        return self.worse / self.utterances


def error_shape(evaluation: Evaluation) -> ErrorShape:
    """Return the shape of an evaluation's errors."""
    reference, candidate = evaluation.reference.errors, evaluation.candidate.errors
    words = [errors.words for errors in reference]
    rises = [after.errors - before.errors for before, after in zip(reference, candidate, strict=True)]
    sides = (reference, candidate)
    return ErrorShape(
        utterances=len(rises),
        deletions=_rise(words, *([errors.deletions for errors in side] for side in sides)),
        insertions=_rise(words, *([errors.insertions for errors in side] for side in sides)),
        characters=_character_rise(evaluation),
        ranges=_ranges(evaluation),
        lengths=_lengths(evaluation),
        worse=sum(rise > 0 for rise in rises),
        better=sum(rise < 0 for rise in rises),
        worst_rise=_worst_rise(evaluation, words, rises),
        worst_sqnr=_worst_sqnr(evaluation),
    )


def _rise(units: Sequence[int], reference: Sequence[int], candidate: Sequence[int]) -> Rise:
    """Return a rate's rise, with the standard error of a ratio of sums over utterances.

    W. G. Cochran, "Sampling Techniques", 3rd edition 1977, section 6.4: the variance of the ratio is that of the
    residuals of each utterance from what its units make expected.
    """
    total, count = sum(units), len(units)
    rise = _share(sum(candidate) - sum(reference), total)
    residuals = np.subtract(candidate, reference) - rise * np.asarray(units)
    known = count >= _FEWEST_UTTERANCES and total
    error = math.sqrt(count / (count - 1) * float(np.square(residuals).sum())) / total if known else math.inf
    return Rise(
        _share(sum(reference), total), _share(sum(candidate), total), total, count, chance=_STANDARD_ERRORS * error
    )


def _share(count: int, total: int) -> float:
    return count / total if total else 0.0


def _ratio(length: int, expected: int) -> float:
    if expected:
        return length / expected
    return math.inf if length else 1.0


def _ranges(evaluation: Evaluation) -> tuple[Range, ...]:
    found = []
    for low, high in pairwise(DURATIONS_S):
        rows = [n for n, outcome in enumerate(evaluation.outcomes) if low <= outcome.duration_s < high]
        before, after = ([side.errors[n] for n in rows] for side in (evaluation.reference, evaluation.candidate))
        if sum(errors.words for errors in before):
            found.append(Range(low, high, _wer_rise(before, after)))
    return tuple(found)


def _wer_rise(reference: Sequence[WordErrors], candidate: Sequence[WordErrors]) -> Rise:
    words = [errors.words for errors in reference]
    return _rise(words, [errors.errors for errors in reference], [errors.errors for errors in candidate])


def _texts(evaluation: Evaluation) -> tuple[list[str], list[str], list[str]]:
    """Return what was said, what the reference recognizer wrote, what the candidate wrote, all normalized."""
    normalizer = NORMALIZERS[evaluation.normalizer]
    said, before, after = zip(
        *((outcome.text, outcome.reference_hypothesis, outcome.hypothesis) for outcome in evaluation.outcomes),
        strict=True,
    )
    return [*map(normalizer, said)], [*map(normalizer, before)], [*map(normalizer, after)]


def _lengths(evaluation: Evaluation) -> Lengths:
    return Lengths(*(sum(map(len, texts)) for texts in _texts(evaluation)))


def _character_rise(evaluation: Evaluation) -> Rise:
    said, before, after = _texts(evaluation)
    counts = (count_character_errors(references=said, hypotheses=side) for side in (before, after))
    return _rise([len(text) for text in said], *counts)


def _worst_rise(evaluation: Evaluation, words: Sequence[int], rises: Sequence[int]) -> Worst:
    shares = [rise / max(count, _SHORTEST_WORDS) for rise, count in zip(rises, words, strict=True)]
    number = int(np.argmax(shares))
    return Worst(evaluation.outcomes[number].id, shares[number])


def _worst_sqnr(evaluation: Evaluation) -> Worst:
    """Return the lowest ratio; one that is not a number is the lowest."""
    found = [outcome.logits.sqnr_db for outcome in evaluation.outcomes]
    number = int(np.argmin(found))
    return Worst(evaluation.outcomes[number].id, found[number])
