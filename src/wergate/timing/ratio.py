"""Ratio of two interleaved sides' times, with its interval over blocks or over compilations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy  # scipy.stats loads on first use: an import here would take more than a second
from numpy.typing import NDArray

from wergate.timing.compilations import Block, Compilation, Times, log_ratio, scaled
from wergate.verdict import Interval

_BOOTSTRAPPED = 16  # number of blocks from which a bootstrap interval has its stated coverage


def block_interval(blocks: Sequence[Block], confidence: float, *, resamples: int, seed: int) -> tuple[float, Interval]:
    """Return the median time of the second side over that of the first, with its interval over blocks.

    The interval is a percentile bootstrap over blocks. With fewer than 16 blocks a bootstrap would be too narrow, so
    the interval is Student's t of the blocks' logarithmic ratios.
    """
    first, second = scaled(blocks)
    ratio = math.exp(log_ratio(blocks))
    if len(first) >= _BOOTSTRAPPED:
        low, high = _bootstrap(first, second, confidence, resamples, seed)
    else:
        low, high = student_bounds(np.log(second).mean(axis=1) - np.log(first).mean(axis=1), confidence)
    return ratio, Interval(min(low, ratio), max(high, ratio), confidence)


def compilation_interval(compilations: Sequence[Compilation], confidence: float) -> tuple[float, Interval]:
    """Return the geometric mean of the compilations' ratios, with Student's t interval over at least two of them.

    Blocks vary within a compilation, so the ratios of compilations vary by that too, and the interval covers both. A
    bootstrap of five compilations would be too narrow.
    """
    logs = np.array([log_ratio(one.blocks) for one in compilations], np.float64)
    low, high = student_bounds(logs, confidence)
    return math.exp(logs.mean()), Interval(low, high, confidence)


def _bootstrap(first: Times, second: Times, confidence: float, resamples: int, seed: int) -> tuple[float, float]:
    def ratio(drawn: NDArray[np.intp], axis: int) -> Times:
        del axis  # scipy passes resamples in rows
        rows = np.atleast_2d(drawn)
        medians = [np.median(side[rows].reshape(len(rows), -1), axis=1) for side in (first, second)]
        return np.asarray(medians[1] / medians[0]).reshape(drawn.shape[:-1])

    found = scipy.stats.bootstrap(
        (np.arange(len(first)),),
        ratio,
        n_resamples=resamples,
        batch=200,
        vectorized=True,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def student_bounds(logs: Times, confidence: float) -> tuple[float, float]:
    """Return the bounds of a ratio, by Student's t over at least two independent logarithmic ratios."""
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, len(logs) - 1) * scipy.stats.sem(logs))
    return math.exp(logs.mean() - half), math.exp(logs.mean() + half)
