"""Fit of latency over duration."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wergate.errors import SuiteError
from wergate.studies.growth.latency import fit_latency

DURATIONS_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)


def test_a_quadratic_term_is_found_with_its_interval() -> None:
    """The intervals contain the true coefficients of latencies with 1 % of noise."""
    noise = np.random.default_rng(0).normal(1, 0.01, len(DURATIONS_S))
    latencies_ms = [(2 + 10 * t + 0.1 * t**2) * factor for t, factor in zip(DURATIONS_S, noise, strict=True)]
    fit = fit_latency(DURATIONS_S, latencies_ms)
    for interval, true in zip(fit.intervals, (2, 10, 0.1), strict=True):
        assert interval.low < true < interval.high
    assert 80 < fit.crossover_s < 125
    assert 0.3 < fit.square_share(60) < 0.45


def test_without_a_quadratic_term_there_is_no_crossover() -> None:
    """A quadratic term that is not positive never equals the linear one."""
    fit = fit_latency(DURATIONS_S, [3 + 7 * t - 1e-4 * t**2 for t in DURATIONS_S])
    assert math.inf == fit.crossover_s


@pytest.mark.parametrize("latencies_ms", [(1.0, 2.0, 3.0, 4.0), (1.0, 2.0, 0.0, 4.0, 5.0)])
def test_unusable_latencies_are_refused(latencies_ms: tuple[float, ...]) -> None:
    with pytest.raises(SuiteError, match="cannot be fitted: at least 5 durations"):
        fit_latency(DURATIONS_S[: len(latencies_ms)], latencies_ms)
