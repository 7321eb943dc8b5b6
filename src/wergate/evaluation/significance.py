"""The paired bootstrap: how far chance alone moves the difference of two word error rates on the same utterances."""

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
    """How much higher the candidate's word error rate is, and how sure that is.

    Attributes:
        value: candidate minus reference recognizer, a fraction; NaN without words.
        interval: of the drop; without bounds for less than two utterances, as nothing can be resampled.
        improvement: share of the resamples in which the candidate makes fewer errors.
        utterances: the units that are resampled.
        words: that were said.
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
    """Return the drop with its percentile interval: utterances are drawn with replacement, the same for both sides.

    M. Bisani and H. Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004.

    Args:
        words: said in each utterance.
        reference, candidate: errors of the two recognizers in each utterance.
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
    """Yield the sums of block after block of resamples; the parts of a number are drawn together, and stay exact.

    A resample without a word has no word error rate, and is left out.
    """
    generator, count = np.random.default_rng(seed), len(utterances)
    block = max(1, _BLOCK // count)
    for start in range(0, resamples, block):
        picks = generator.integers(0, count, size=(min(block, resamples - start), count))
        sums = utterances[picks].sum(axis=1)
        yield sums[sums.imag > 0]


_BUFFER_WORDS = 2  # that both got right: what comes after them does not depend on what was wrong before
_FEWEST_SEGMENTS = 2


@dataclass(frozen=True)
class MatchedPairs:
    """The test's outcome.

    Attributes:
        segments: with an error of either side.
        mean: errors that the candidate makes more than the reference recognizer, in a segment.
        z: the mean over its standard error; NaN where that cannot be told.
        p: two-sided, of a mean at least as far from zero where there is no difference; NaN as `z`.
    """

    segments: int
    mean: float
    z: float
    p: float


def matched_pairs(rises: Sequence[int]) -> MatchedPairs:
    """Return the test of the differences by segment, by the normal distribution: rough below some 50 segments."""
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
    """Yield for each segment of an utterance how many errors more the candidate makes.

    Args:
        reference, candidate: errors of the two recognizers in each place, as `wer.place_errors` tells them: before the
            first word, in it, between it and the next one, and so on to behind the last one.
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
