"""The paired bootstrap: units, which are utterances or speakers, drawn with replacement for both recognizers at once.

M. Bisani and H. Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004.
Drawing speakers is the blockwise form of Z. Liu and F. Peng, "Statistical testing on ASR performance via blockwise
bootstrap", Interspeech 2020.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
CONFIDENCE = 0.95
FEWEST_UNITS = 2
_BLOCK = 1 << 20  # units drawn at once: 16 MiB


@dataclass(frozen=True)
class Resampled:
    """A drop with its percentile interval.

    Attributes:
        value: the difference of the two word error rates, a fraction; NaN without words.
        low, high: confidence interval of the difference; unbounded for fewer than two units or without words.
        improvement: share of the resamples in which the candidate makes fewer errors.
        units: number of units that were drawn.
        words: number of reference words.
        drops: drop of each resample that contains a word.
    """

    value: float
    low: float
    high: float
    improvement: float
    units: int
    words: int
    drops: NDArray[np.float64] = field(compare=False, repr=False)

    @property
    def resamples(self) -> int:
        """Number of resamples that contain a word."""
        return len(self.drops)


def paired_bootstrap(
    *,
    words: Sequence[int],
    reference: Sequence[int],
    candidate: Sequence[int],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Resampled:
    """Return the drop with its percentile interval; each resample draws the same units for both recognizers.

    Args:
        words: number of reference words in each unit.
        reference, candidate: errors of the two recognizers in each unit.
        resamples: number of resamples; those that contain no words are left out.
        seed: seed of the random draws.
    """
    total, count = sum(words), len(words)
    value = (sum(candidate) - sum(reference)) / total if total else math.nan
    if count < FEWEST_UNITS or not total:
        return Resampled(value, -math.inf, math.inf, math.nan, count, total, np.empty(0))
    rises = np.subtract(candidate, reference)
    drawn = np.concatenate([*_drawn(rises + 1j * np.asarray(words), resamples, seed)])
    drops = drawn.real / drawn.imag
    low, high = percentiles(drops)
    bounds = min(float(low), value), max(float(high), value)
    return Resampled(value, *bounds, float(np.mean(drops < 0)), count, total, drops)


def percentiles(drops: NDArray[np.floating[Any]], axis: int = 0) -> NDArray[np.float64]:
    """Return the two bounds of the percentile interval along an axis of resamples."""
    bounds: NDArray[np.float64] = np.quantile(drops, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=axis)
    return bounds


def _drawn(units: NDArray[np.complex128], resamples: int, seed: int) -> Iterator[NDArray[np.complex128]]:
    """Yield the sums of all resamples, in blocks that bound memory.

    A resample that contains no words has no word error rate, so it is left out.
    """
    # Errors are the real part and words the imaginary part of one number.
    # One draw thus picks both, and sums of integers in float64 stay exact.
    generator, count = np.random.default_rng(seed), len(units)
    block = max(1, _BLOCK // count)
    for start in range(0, resamples, block):
        picks = generator.integers(0, count, size=(min(block, resamples - start), count))
        sums = units[picks].sum(axis=1)
        yield sums[sums.imag > 0]
