"""Significance of a WER difference on the same utterances: a paired bootstrap interval, and NIST's MAPSSWE test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wergate.verdict import Interval

RESAMPLES = 10_000
_CONFIDENCE = 0.95
_BLOCK = 1 << 20  # utterances drawn at once: 16 MiB
_FEWEST_UTTERANCES = 2


@dataclass(frozen=True)
class WerDrop:
    """Accuracy lost by the candidate: its word error rate minus the reference recognizer's.

    Attributes:
        value: the difference, a fraction; NaN without words.
        interval: confidence interval of the difference; unbounded for fewer than two utterances or without words.
        improvement: share of the resamples in which the candidate makes fewer errors.
        utterances: number of utterances, which are the units of resampling.
        words: number of reference words.
        resamples: number of resamples that contain a word.
    """

    value: float
    interval: Interval
    improvement: float
    utterances: int
    words: int
    resamples: int


def paired_bootstrap(
    *,
    words: Sequence[int],
    reference: Sequence[int],
    candidate: Sequence[int],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> WerDrop:
    """Return the drop with its percentile interval; each resample draws the same utterances for both recognizers.

    M. Bisani and H. Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004.

    Args:
        words: number of reference words in each utterance.
        reference, candidate: errors of the two recognizers in each utterance.
        resamples: number of resamples; those that contain no words are left out.
        seed: seed of the random draws.
    """
    total, count = sum(words), len(words)
    value = (sum(candidate) - sum(reference)) / total if total else math.nan
    if count < _FEWEST_UTTERANCES or not total:
        return WerDrop(value, Interval(-math.inf, math.inf, _CONFIDENCE), math.nan, count, total, 0)
    rises = np.subtract(candidate, reference)
    drawn = np.concatenate([*_drawn(rises + 1j * np.asarray(words), resamples, seed)])
    drops = drawn.real / drawn.imag
    low, high = np.quantile(drops, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    interval = Interval(min(float(low), value), max(float(high), value), _CONFIDENCE)
    return WerDrop(value, interval, float(np.mean(drops < 0)), count, total, len(drops))


def _drawn(utterances: NDArray[np.complex128], resamples: int, seed: int) -> Iterator[NDArray[np.complex128]]:
    """Yield the sums of all resamples, in blocks that bound memory.

    A resample that contains no words has no word error rate, so it is left out.
    """
    # Errors are the real part and words the imaginary part of one number.
    # One draw thus picks both, and sums of integers in float64 stay exact.
    generator, count = np.random.default_rng(seed), len(utterances)
    block = max(1, _BLOCK // count)
    for start in range(0, resamples, block):
        picks = generator.integers(0, count, size=(min(block, resamples - start), count))
        sums = utterances[picks].sum(axis=1)
        yield sums[sums.imag > 0]


_BUFFER_WORDS = 2  # correct on both sides: errors after them count as independent of errors before
_FEWEST_SEGMENTS = 2


@dataclass(frozen=True)
class MatchedPairs:
    """Outcome of the MAPSSWE test.

    Attributes:
        segments: number of segments with an error on either side.
        mean: additional errors of the candidate per segment.
        z: mean over its standard error; NaN if the standard error cannot be estimated.
        p: two-sided p-value of the mean if there were no difference; NaN if `z` is.
    """

    segments: int
    mean: float
    z: float
    p: float


def matched_pairs(rises: Sequence[int]) -> MatchedPairs:
    """Return the test of differences by segment; its normal approximation is rough below about 50 segments."""
    count = len(rises)
    if not any(rises):
        return MatchedPairs(count, 0.0, 0.0, 1.0)
    mean = sum(rises) / count
    if count < _FEWEST_SEGMENTS or len(set(rises)) == 1:
        return MatchedPairs(count, mean, math.nan, math.nan)
    variance = sum((rise - mean) ** 2 for rise in rises) / (count - 1)
    z = mean / math.sqrt(variance / count)
    return MatchedPairs(count, mean, z, math.erfc(abs(z) / math.sqrt(2)))


def segment_rises(reference: Sequence[int], candidate: Sequence[int]) -> Iterator[int]:
    """Yield the additional errors of the candidate in each segment of an utterance.

    Args:
        reference, candidate: errors of the two recognizers in each place, as `wer.place_errors` returns them: before
            the first word, at the first word, between it and the second, and so on until after the last word.
    """
    rise, wrong, correct = 0, False, 0
    for place, (before, after) in enumerate(zip(reference, candidate, strict=True)):
        if before or after:
            if wrong and correct >= _BUFFER_WORDS:
                yield rise
                rise = 0
            rise, wrong, correct = rise + after - before, True, 0
        else:
            correct += place % 2
    if wrong:
        yield rise
