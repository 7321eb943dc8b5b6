"""The error shape: details that a single word error rate hides.

A quantized CTC model may delete words, insert words that nobody said, or fail on long utterances after a calibration on
short ones. Every figure compares the candidate with the reference recognizer on the same utterances.
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
_SHORTEST_WORDS = 10  # one wrong word of three must not count as a third of all words
_STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Rise:
    """Rise of an error rate from the reference recognizer to the candidate.

    Attributes:
        reference, candidate: errors per unit of the references (word or character), fractions.
        units: number of units.
        utterances: number of utterances that contain them.
        chance: two standard errors of the difference; infinite for fewer than two utterances.
    """

    reference: float
    candidate: float
    units: int
    utterances: int
    chance: float

    @property
    def value(self) -> float:
        """Candidate's rate minus the reference recognizer's."""
        return self.candidate - self.reference


@dataclass(frozen=True)
class Range:
    """Word error rate of utterances in a range of durations: at least `low_s`, less than `high_s` seconds."""

    low_s: float
    high_s: float
    wer: Rise

    @property
    def name(self) -> str:
        """Name of the range, as tables and gates show it."""
        if not self.low_s:
            return f"<{self.high_s:g} s"
        return f">={self.low_s:g} s" if math.isinf(self.high_s) else f"{self.low_s:g}-{self.high_s:g} s"


@dataclass(frozen=True)
class Lengths:
    """Number of characters in all normalized references (`text`) and in both recognizers' transcripts."""

    text: int
    reference: int
    candidate: int

    @property
    def reference_ratio(self) -> float:
        """Length of the reference recognizer's text relative to the references."""
        return _ratio(self.reference, self.text)

    @property
    def ratio(self) -> float:
        """Length of the candidate's text relative to the references."""
        return _ratio(self.candidate, self.text)

    @property
    def kept(self) -> float:
        """Length of the candidate's text relative to the reference recognizer's."""
        return _ratio(self.candidate, self.reference)


@dataclass(frozen=True)
class Worst:
    """Utterance with the worst value of some measure."""

    id: str
    value: float


@dataclass(frozen=True)
class ErrorShape:
    """Shape of the candidate's errors, compared with the reference recognizer's.

    Attributes:
        utterances: number of utterances.
        deletions, insertions: rise of each kind of error, per word.
        characters: rise of the character error rate.
        ranges: word error rates by duration; ranges without words are left out.
        lengths: lengths of all texts.
        worse, better: number of utterances with more, and with fewer, errors than the reference recognizer makes.
        worst_rise: largest number of added errors per word in one utterance, which counts as at least ten words.
        worst_sqnr: lowest signal-to-quantization-noise ratio of one utterance's logits, in dB.
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
    """Return the error shape of an evaluation."""
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
    """Return the rise of a rate, with the standard error of a ratio of sums over utterances.

    W. G. Cochran, "Sampling Techniques", 3rd edition 1977, section 6.4: the variance of the ratio follows from the
    residual of each utterance, its additional errors minus those expected from its units.
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
    ranges = []
    for low, high in pairwise(DURATIONS_S):
        rows = [n for n, outcome in enumerate(evaluation.outcomes) if low <= outcome.duration_s < high]
        before, after = ([side.errors[n] for n in rows] for side in (evaluation.reference, evaluation.candidate))
        if sum(errors.words for errors in before):
            ranges.append(Range(low, high, _wer_rise(before, after)))
    return tuple(ranges)


def _wer_rise(reference: Sequence[WordErrors], candidate: Sequence[WordErrors]) -> Rise:
    words = [errors.words for errors in reference]
    return _rise(words, [errors.errors for errors in reference], [errors.errors for errors in candidate])


def _texts(evaluation: Evaluation) -> tuple[list[str], list[str], list[str]]:
    """Return the references and the transcripts of reference recognizer and candidate, all normalized."""
    normalizer = NORMALIZERS[evaluation.normalizer]
    texts, before, after = zip(
        *((outcome.text, outcome.reference_hypothesis, outcome.hypothesis) for outcome in evaluation.outcomes),
        strict=True,
    )
    return [*map(normalizer, texts)], [*map(normalizer, before)], [*map(normalizer, after)]


def _lengths(evaluation: Evaluation) -> Lengths:
    return Lengths(*(sum(map(len, texts)) for texts in _texts(evaluation)))


def _character_rise(evaluation: Evaluation) -> Rise:
    texts, before, after = _texts(evaluation)
    counts = (count_character_errors(references=texts, hypotheses=side) for side in (before, after))
    return _rise([len(text) for text in texts], *counts)


def _worst_rise(evaluation: Evaluation, words: Sequence[int], rises: Sequence[int]) -> Worst:
    shares = [rise / max(count, _SHORTEST_WORDS) for rise, count in zip(rises, words, strict=True)]
    number = int(np.argmax(shares))
    return Worst(evaluation.outcomes[number].id, shares[number])


def _worst_sqnr(evaluation: Evaluation) -> Worst:
    """Return the utterance with the lowest ratio; a NaN counts as the lowest."""
    ratios_db = [outcome.logits.sqnr_db for outcome in evaluation.outcomes]
    number = int(np.argmin(ratios_db))
    return Worst(evaluation.outcomes[number].id, ratios_db[number])
