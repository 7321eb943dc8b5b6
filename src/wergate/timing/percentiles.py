"""Percentiles of timings, if there are enough timings for them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy  # scipy.stats loads on first use: an import here would take more than a second

from wergate.errors import SuiteError

CONFIDENCE = 0.99
SHOWN = (50, 90, 99)


def samples_needed(percent: int) -> int:
    """Return the smallest number of timings for a percentile: 64 for the 90th, 662 for the 99th.

    With this number, at least two timings lie above the true percentile with 99 % confidence, for any distribution. The
    estimate then does not depend on a single outlier, and the second largest timing is an upper bound. The number is
    the sample size of a two-sided tolerance interval from the smallest to the largest value (Wilks, Annals of
    Mathematical Statistics 12, 1941). A median needs only one timing, as in pytest-benchmark.
    """
    if percent <= 50:  # noqa: PLR2004
        return 1
    above, needed = 1 - percent / 100, 2
    while scipy.stats.binom.cdf(1, needed, above) > 1 - CONFIDENCE:
        needed += 1
    return needed


def percentiles_ms(times_s: Sequence[float]) -> dict[str, float]:
    """Return "p50_ms" and, if there are enough timings, "p90_ms" and "p99_ms", in milliseconds.

    Raises:
        SuiteError: a timing is not a finite positive number.
    """
    times_ms = 1000 * np.asarray(require_times(times_s))
    enough = [percent for percent in SHOWN if len(times_ms) >= samples_needed(percent)]
    return {f"p{percent}_ms": float(np.percentile(times_ms, percent)) for percent in enough}


_REMEDY = "check the clock that --benchmark-timer names, and run again"


def require_times(times_s: Sequence[float], of: str = "a benchmark", remedy: str = _REMEDY) -> Sequence[float]:
    """Return the given timings unchanged if all of them are valid.

    Args:
        times_s: timings in seconds.
        of: name of the timed work in messages.
        remedy: next step in messages.

    Raises:
        SuiteError: a timing is not a finite positive number.
    """
    for number, time_s in enumerate(times_s):
        if not (math.isfinite(time_s) and time_s > 0):
            raise SuiteError(
                f"timing {number + 1} of {len(times_s)} of {of} is {time_s}; finite positive seconds are accepted; "
                f"{remedy}"
            )
    return times_s
