"""NIST's MAPSSWE test of a difference between two recognizers: matched pairs of segments."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
