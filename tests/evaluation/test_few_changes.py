"""Exact bounds for few changes: agreement with SciPy's Clopper-Pearson interval, and the cases of the rule."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from wergate.evaluation.significance.drop import wer_drop
from wergate.evaluation.significance.few_changes import FEW_CHANGES, Changes, count_changes, exact_interval, exact_tail


def bounds(words: list[int], rises: list[int]) -> tuple[float, float]:
    """Return the exact interval of a corpus."""
    low, high = exact_interval(count_changes(words, rises))
    return float(low), float(high)


def clopper_pearson(count: int, words: int) -> tuple[float, float]:
    """Return SciPy's exact interval of a proportion."""
    found = stats.binomtest(count, words).proportion_ci(0.95, method="exact")
    return float(found.low), float(found.high)


def test_without_a_change_it_is_the_exact_interval_of_no_event() -> None:
    """None of 2,877 words changed: the drop is still between -0.13 and 0.13 %."""
    high = clopper_pearson(0, 2_877)[1]
    assert (-high, high) == pytest.approx(bounds([2_877] + [0] * 159, [0] * 160))
    assert 0.00128 == pytest.approx(high, abs=1e-5)


def test_lost_words_alone_have_the_exact_upper_bound() -> None:
    """Seven of 1,000 words are lost, each in an utterance of its own."""
    low, high = clopper_pearson(7, 1_000)
    none = clopper_pearson(0, 1_000)[1]
    found = bounds([20] * 50, [1] * 7 + [0] * 43)
    assert (0.007 - math.hypot(0.007 - low, none), high) == pytest.approx(found)


def test_gained_words_do_not_hide_lost_ones() -> None:
    """Five lost and five gained words have no drop, and an interval that is wider than that of no change."""
    low, high = bounds([20] * 50, [1] * 5 + [-1] * 5 + [0] * 40)
    assert -low == pytest.approx(high)
    assert high > clopper_pearson(0, 1_000)[1]


def test_words_that_are_lost_together_are_one_event() -> None:
    """Six words in one utterance have six times the interval of one event in a sixth of the words."""
    together = bounds([20] * 60, [6] + [0] * 59)
    alone = bounds([20] * 10, [1] + [0] * 9)
    assert alone == pytest.approx(together)
    assert together[1] > bounds([20] * 60, [1] * 6 + [0] * 54)[1]


def test_more_insertions_than_words_have_no_upper_bound() -> None:
    """Fifteen errors in ten words cannot be a proportion."""
    low, high = bounds([5, 5], [8, 7])
    assert math.inf == high
    assert low < 1.5


def test_the_gates_interval_is_never_narrower() -> None:
    """Below the limit, the exact bounds widen the bootstrap; from the limit on, they do not apply."""
    for changed, few in ((0, True), (3, True), (FEW_CHANGES - 1, True), (FEW_CHANGES, False)):
        words, rises = [20] * 400, [1] * changed + [0] * (400 - changed)
        found = wer_drop(words=words, reference=[0] * 400, candidate=rises)
        low, high = bounds(words, rises)
        assert few == found.exact
        assert (found.interval.low, found.interval.high) != (0.0, 0.0)
        if few:
            assert found.interval.low <= low <= high <= found.interval.high


def test_the_tail_is_that_of_the_bound() -> None:
    """At the upper bound, the p-value is 2.5 %; without a change it is the chance of no event."""
    changes = count_changes([20] * 50, [1] * 7 + [0] * 43)
    low, high = exact_interval(changes)
    assert 0.025 == pytest.approx(exact_tail(changes, float(high), above=True), abs=1e-6)
    assert 0.025 == pytest.approx(exact_tail(changes, float(low), above=False), abs=1e-6)
    none = count_changes([20] * 50, [0] * 50)
    assert stats.binom.pmf(0, 1_000, 0.01) == pytest.approx(exact_tail(none, 0.01, above=True), abs=1e-6)


def test_a_clumped_loss_is_covered() -> None:
    """In 93 % of 2,000 corpora whose few losses are of one to six words; as single words, in less than 80 %."""
    generator = np.random.default_rng(4)
    events = generator.random((2_000, 80)) < 0.05
    rises = events * generator.integers(1, 7, events.shape)
    changes = count_changes(np.full(events.shape, 20), rises)
    true = 0.05 * 3.5 / 20

    def covered(found: Changes) -> float:
        low, high = exact_interval(found)
        return float(np.mean((low <= true) & (true <= high)))

    assert covered(changes) >= 0.93
    assert covered(replace(changes, clump=np.ones(2_000))) < 0.8
