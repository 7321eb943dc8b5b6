"""Latency as a function of duration: a constant, a linear term, and the quadratic term of attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # `scipy.stats` takes more than a second to import; as an attribute it loads on first use

from wergate.errors import SuiteError
from wergate.verdict import Interval

_COEFFICIENTS = 3


@dataclass(frozen=True)
class LatencyFit:
    """Latency in ms as a + b t + c t², with t in seconds of speech.

    Attributes:
        a, b, c: coefficients, in ms, ms/s and ms/s².
        intervals: confidence intervals of the three coefficients, by Student's t over the residuals.
        worst: the largest relative distance of a measured latency from the curve.
    """

    a: float
    b: float
    c: float
    intervals: tuple[Interval, Interval, Interval]
    worst: float

    @property
    def crossover_s(self) -> float:
        """Duration at which the quadratic term equals the linear one; infinite without a positive quadratic term."""
        return self.b / self.c if self.c > 0 else math.inf

    def square_share(self, duration_s: float) -> float:
        """Return the share of the quadratic term in the latency at a duration."""
        square = self.c * duration_s**2
        return square / (self.a + self.b * duration_s + square)

    @property
    def line(self) -> str:
        """The fit in one line of text."""
        low, high = self.intervals[2].low, self.intervals[2].high
        confidence = 100 * self.intervals[2].confidence
        return (
            f"{self.a:.2f} + {self.b:.2f} t + {self.c:.4f} t² ms (t² coefficient {low:.4f} to {high:.4f}, "
            f"{confidence:.0f} %), points within {100 * self.worst:.0f} %; the t² term is "
            f"{100 * self.square_share(10):.0f} % at 10 s and {100 * self.square_share(60):.0f} % at 60 s, and equals "
            f"the linear term at {self.crossover_s:.0f} s"
        )


def fit_latency(durations_s: Sequence[float], latencies_ms: Sequence[float], confidence: float = 0.99) -> LatencyFit:
    """Fit the curve by least squares of relative distances: a millisecond weighs more at 0.1 s than at 60 s.

    Raises:
        SuiteError: fewer than five points, too few for residuals, or a latency that is not positive and finite.
    """
    t, y = np.asarray(durations_s, np.float64), np.asarray(latencies_ms, np.float64)
    if len(t) < _COEFFICIENTS + 2 or not np.all(np.isfinite(y) & (y > 0)):
        raise SuiteError(
            f"latencies {[round(float(value), 3) for value in y[:8]]} cannot be fitted: at least "
            f"{_COEFFICIENTS + 2} durations with finite positive latencies are required; measure more durations"
        )
    design = np.stack([1 / y, t / y, t**2 / y], axis=1)
    coefficients, *_ = np.linalg.lstsq(design, np.ones_like(y), rcond=None)
    residuals = 1 - design @ coefficients
    freedom = len(t) - _COEFFICIENTS
    covariance = np.linalg.inv(design.T @ design) * float(residuals @ residuals) / freedom
    half_widths = float(scipy.stats.t.ppf((1 + confidence) / 2, freedom)) * np.sqrt(np.diag(covariance))
    a, b, c = (
        Interval(float(value - half), float(value + half), confidence)
        for value, half in zip(coefficients, half_widths, strict=True)
    )
    fixed, linear, square = (float(value) for value in coefficients)
    return LatencyFit(fixed, linear, square, (a, b, c), float(np.abs(residuals).max()))
