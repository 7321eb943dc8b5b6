"""Steps of a series: found where they are, and rarely found where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from wergate.report.history.steps import LEVEL, Step, p_value, steps

SERIES = 300


def places(values: list[float] | np.ndarray) -> list[int]:
    """Return the places of the steps."""
    return [step.place for step in steps(list(values))]


@pytest.mark.parametrize(("values", "expected"), [
    ([], []),
    ([5.0], []),
    ([5, 5, 7], []),
    ([5, 5, 7, 7], [2]),
    ([5, 5, 5, 5, 5, 5], []),
    ([5] * 9 + [7] + [5] * 9, []),
    ([5] * 30 + [7] * 2, [30]),
    ([5] * 10 + [7] * 10 + [5] * 10, [10, 20]),
    ([5] * 6 + [7] * 6 + [9] * 6, [6, 12]),
])  # fmt: skip
def test_exact_figures_step_where_they_change(values: list[float], expected: list[int]) -> None:
    """One other run makes no step."""
    assert expected == places(values)


def test_a_step_has_the_means_of_both_sides() -> None:
    """Over the runs of the window."""
    assert [Step(5, 1.0, 2.0)] == steps([1.0] * 5 + [2.0] * 5)


@pytest.mark.parametrize("count", [8, 40, 120])
def test_a_series_without_a_step_rarely_has_one(count: int) -> None:
    """The share of series with a false step is near the level or below it."""
    source = np.random.default_rng(count)
    wrong = sum(bool(places(source.normal(0, 1, count))) for _ in range(SERIES))
    assert wrong <= scipy.stats.binom.ppf(0.999, SERIES, LEVEL)


def test_a_step_of_some_deviations_is_found() -> None:
    """At its place, or at most two runs off."""
    source = np.random.default_rng(1)
    found = [places(np.concatenate([source.normal(0, 1, 20), source.normal(4, 1, 20)])) for _ in range(50)]
    assert 45 <= sum(len(one) == 1 and abs(one[0] - 20) <= 2 for one in found)


def test_the_test_is_that_of_scipy() -> None:
    """Student's, of equal variances."""
    source = np.random.default_rng(2)
    for size in (2, 5, 20):
        first, second = source.normal(0, 1, 4), source.normal(1, 3, size)
        expected = scipy.stats.ttest_ind(first, second).pvalue
        assert pytest.approx(expected) == p_value(first, second)
