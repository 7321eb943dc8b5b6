"""Percentiles of timings, where there are enough of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy  # not scipy.stats: that loads when it is used, which takes more than a second

from wergate.errors import SuiteError

CONFIDENCE = 0.99
SHOWN = (50, 90, 99)


def samples_needed(percent: int) -> int:
    """Return how many timings a percentile takes: 64 for the 90th, 662 for the 99th.

    As many as it takes for at least two of them to lie above the true percentile with 99 % confidence, whatever the
    distribution: then the estimate does not hang on one outlier, and the second largest timing is an upper bound. It is
    the sample size of a two-sided tolerance interval from smallest to largest (Wilks, Annals of Mathematical
    Statistics 12, 1941). The median is told of any number of rounds, as pytest-benchmark does.
    """
    if percent <= 50:  # noqa: PLR2004
        return 1
    above, needed = 1 - percent / 100, 2
    while scipy.stats.binom.cdf(1, needed, above) > 1 - CONFIDENCE:
        needed += 1
    return needed


def percentiles_ms(times_s: Sequence[float]) -> dict[str, float]:
    """Return "p50_ms" and those of "p90_ms" and "p99_ms" that have timings enough, in milliseconds.

    Raises:
        SuiteError: a timing is no finite positive number.
    """
    times_ms = 1000 * np.asarray(require_times(times_s))
    enough = [percent for percent in SHOWN if len(times_ms) >= samples_needed(percent)]
    return {f"p{percent}_ms": float(np.percentile(times_ms, percent)) for percent in enough}


def require_times(times_s: Sequence[float], of: str = "a benchmark") -> Sequence[float]:
    """Return timings as they are.

    Raises:
        SuiteError: one of them is no finite positive number.
    """
    for number, time_s in enumerate(times_s):
        if not (math.isfinite(time_s) and time_s > 0):
            raise SuiteError(
                f"timing {number + 1} of {len(times_s)} of {of} is {time_s}, which is no time: finite positive seconds "
                "are expected; see which clock --benchmark-timer names, and run it again"
            )
    return times_s
