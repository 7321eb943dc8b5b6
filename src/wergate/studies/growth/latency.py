"""How latency grows with duration: a fixed part, a part per second, and attention's part per second squared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # not scipy.stats: that loads when it is used, which takes more than a second

from wergate.errors import SuiteError
from wergate.verdict import Interval

_COEFFICIENTS = 3


@dataclass(frozen=True)
class LatencyFit:
    """Latency in ms as a + b t + c t², t in seconds of speech.

    Attributes:
        intervals: of the three, by Student's t over the residuals.
        worst: the largest relative distance of a measured latency from the curve.
    """

    a: float
    b: float
    c: float
    intervals: tuple[Interval, Interval, Interval]
    worst: float

    @property
    def crossover_s(self) -> float:
        """Return the duration at which the square costs as much as all that grows in step; infinite without one."""
        return self.b / self.c if self.c > 0 else math.inf

    def square_share(self, duration_s: float) -> float:
        """Return how much of the latency at a duration is the square's."""
        square = self.c * duration_s**2
        return square / (self.a + self.b * duration_s + square)

    @property
    def line(self) -> str:
        """The fit in words, for people."""
        low, high = self.intervals[2].low, self.intervals[2].high
        confidence = 100 * self.intervals[2].confidence
        return (
            f"{self.a:.2f} + {self.b:.2f} t + {self.c:.4f} t² ms (square {low:.4f} to {high:.4f}, {confidence:.0f} %), "
            f"points within {100 * self.worst:.0f} %; the square is {100 * self.square_share(10):.0f} % at 10 s, "
            f"{100 * self.square_share(60):.0f} % at 60 s, and equals the linear part at {self.crossover_s:.0f} s"
        )


def fit_latency(durations_s: Sequence[float], latencies_ms: Sequence[float], confidence: float = 0.99) -> LatencyFit:
    """Fit the curve by least squares of relative distances: a millisecond counts for more at 0.1 s than at 60 s.

    Raises:
        SuiteError: fewer than five points, which leave no residuals to judge by, or a latency that is no time.
    """
    t, y = np.asarray(durations_s, np.float64), np.asarray(latencies_ms, np.float64)
    if len(t) < _COEFFICIENTS + 2 or not np.all(np.isfinite(y) & (y > 0)):
        raise SuiteError(
            f"latencies {[round(float(value), 3) for value in y[:8]]} cannot be fitted: at least "
            f"{_COEFFICIENTS + 2} durations with finite positive latencies are needed; measure more durations"
        )
    design = np.stack([1 / y, t / y, t**2 / y], axis=1)
    found, *_ = np.linalg.lstsq(design, np.ones_like(y), rcond=None)
    residuals = 1 - design @ found
    freedom = len(t) - _COEFFICIENTS
    covariance = np.linalg.inv(design.T @ design) * float(residuals @ residuals) / freedom
    halves = float(scipy.stats.t.ppf((1 + confidence) / 2, freedom)) * np.sqrt(np.diag(covariance))
    a, b, c = (
        Interval(float(value - half), float(value + half), confidence)
        for value, half in zip(found, halves, strict=True)
    )
    fixed, linear, square = (float(value) for value in found)
    return LatencyFit(fixed, linear, square, (a, b, c), float(np.abs(residuals).max()))
