"""Steps in a series of runs: where the figures after a run differ from those before it by more than chance.

At each place, the runs before and after it are compared by Student's two-sample t-test, in windows of up to 5, 10 and
20 runs: a moving sum procedure with several bandwidths (B. Eichinger and C. Kirch, "A MOSUM procedure for the
estimation of multiple random change points", Bernoulli 24, 2018). Holm's correction over all places and windows keeps
the chance of any false step in a series without one below the level. Of neighbouring places, the clearest is the step.

The variance is pooled. Welch's test, which does not pool it, finds more false steps than the level allows: at the ends
of a series, one side has two runs, which can be close to each other by chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # scipy.special loads on first use
from numpy.typing import NDArray

from wergate.evaluation.significance.family import holm

LEVEL = 0.01  # of a series: the chance of a false step
WINDOWS = (5, 10, 20)
FEWEST = 2  # runs on each side of a step
_ROUNDING = 1e-12  # a smaller spread, relative to the difference, is that of arithmetic
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """A step of a series.

    Attributes:
        place: number of the first run after it, counted from 0.
        before, after: mean of the runs in the window on each side.
    """

    place: int
    before: float
    after: float


@dataclass(frozen=True)
class _Test:
    place: int
    window: int
    p: float
    before: float
    after: float

    @property
    def size(self) -> float:
        return abs(self.after - self.before)


def steps(values: Sequence[float]) -> list[Step]:
    """Return the steps of a series, in its order; none in fewer than four runs."""
    series = np.asarray(values, float)
    tests = [_test(series, place, window) for place in range(FEWEST, len(series) - FEWEST + 1) for window in WINDOWS]
    significant = [test for test, found in zip(tests, holm([test.p for test in tests], LEVEL), strict=True) if found]
    kept: list[_Test] = []
    for test in sorted(significant, key=lambda one: (one.p, -one.size, one.window)):
        if all(abs(test.place - other.place) >= test.window for other in kept):
            kept.append(test)
    return [Step(test.place, test.before, test.after) for test in sorted(kept, key=lambda one: one.place)]


def _test(series: Values, place: int, window: int) -> _Test:
    before, after = series[max(0, place - window) : place], series[place : place + window]
    return _Test(place, window, p_value(before, after), float(before.mean()), float(after.mean()))


def p_value(first: Values, second: Values) -> float:
    """Return the two-sided p-value of equal means, of the same variance.

    Figures that repeat exactly on both sides, as word errors do, have no spread: any difference is then certain.

    Args:
        first, second: at least two values each.
    """
    freedom = len(first) + len(second) - 2
    squares = sum(float(((side - side.mean()) ** 2).sum()) for side in (first, second))
    gap = abs(float(second.mean() - first.mean()))
    error = math.sqrt(squares / freedom * (1 / len(first) + 1 / len(second)))
    if error <= _ROUNDING * gap:
        return 0.0 if gap else 1.0
    return 2 * float(scipy.special.stdtr(freedom, -gap / error))
