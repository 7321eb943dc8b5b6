"""MAPSSWE, the matched-pairs sentence-segment word error test: is there a difference between two recognizers at all?

L. Gillick and S. J. Cox, "Some statistical issues in the comparison of speech recognition algorithms", ICASSP 1989.
Segments are those of NIST's SCTK: what lies between two words, or more, in a row that both recognizers got right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
