"""The interval by speaker: figures computed by hand, agreement with SciPy, and the choice of the unit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from wergate.evaluation.significance.drop import wer_drop
from wergate.evaluation.significance.speakers import (
    BOOTSTRAP_SPEAKERS,
    correlation,
    standard_error,
    sums_by_speaker,
    t_interval,
)


def test_speakers_of_equal_size_give_students_interval_of_their_means() -> None:
    """Without differences in length, the drop is a mean over speakers, and SciPy's t interval is the same."""
    rises = np.array([3.0, -1.0, 0.0, 4.0, 2.0, 1.0])
    low, high = t_interval(np.full(6, 50.0), rises)
    rates = rises / 50
    expected = stats.t.interval(0.95, 5, loc=rates.mean(), scale=stats.sem(rates))
    assert expected == pytest.approx((float(low), float(high)))


def test_the_jackknife_computed_by_hand() -> None:
    """Speakers of 10, 20 and 30 words with 1, 0 and 2 errors more: without one of them, 2/50, 3/40 and 1/30."""
    error = standard_error(np.array([10.0, 20.0, 30.0]), np.array([1.0, 0.0, 2.0]))
    parts = [(without - 3 / 60) ** 2 for without in (2 / 50, 3 / 40, 1 / 30)]
    assert math.sqrt(2 / 3 * sum(parts)) == pytest.approx(float(error))


def test_correlation_computed_by_hand() -> None:
    """Two speakers of two utterances, 5 and 3 against 2 and 0: mean squares of 9 and 2 give (9 - 2) / (9 + 2)."""
    words, speakers = [10] * 4, ["a", "a", "b", "b"]
    assert 7 / 11 == pytest.approx(correlation(words, [5, 3, 2, 0], speakers))


def test_utterances_that_are_all_alike_within_a_speaker_correlate() -> None:
    """One speaker loses a word in each utterance, the other none."""
    assert 1.0 == pytest.approx(correlation([10] * 8, [1] * 4 + [0] * 4, ["a"] * 4 + ["b"] * 4))


@pytest.mark.parametrize("speakers", [["a"] * 4, ["a", "b", "c", "d"]])
def test_no_correlation_without_a_comparison(speakers: list[str]) -> None:
    """One speaker, or one utterance of each, have none."""
    assert math.isnan(correlation([10] * 4, [1, 0, 0, 1], speakers))


def utterances(speakers: int, each: int = 12) -> tuple[list[int], list[int], list[str]]:
    """Return words, rises and speakers of a corpus in which every speaker loses and gains some words."""
    generator = np.random.default_rng(speakers)
    names = [f"s{number % speakers}" for number in range(speakers * each)]
    words = generator.integers(5, 30, len(names)).tolist()
    rises = (generator.poisson(0.6, len(names)) - generator.poisson(0.4, len(names))).tolist()
    return words, rises, names


def drop_of(words: list[int], rises: list[int], names: list[str], tolerance: float = 0.02) -> tuple[object, ...]:
    """Return unit, number of units and method."""
    found = wer_drop(words=words, reference=[0] * len(words), candidate=rises, names=names, tolerance=tolerance)
    return found.unit, found.units, found.method


def test_the_unit_is_the_speaker_where_there_are_two() -> None:
    """Student's t for few speakers, the bootstrap for many; by utterance for one speaker or unknown ones."""
    words, rises, names = utterances(8)
    assert ("speaker", 8, "t") == drop_of(words, rises, names)
    assert ("utterance", 96, "bootstrap") == drop_of(words, rises, [])
    assert ("utterance", 96, "bootstrap") == drop_of(words, rises, ["one"] * 96)
    assert ("speaker", BOOTSTRAP_SPEAKERS, "bootstrap") == drop_of(*utterances(BOOTSTRAP_SPEAKERS))
    assert ("speaker", BOOTSTRAP_SPEAKERS - 1, "t") == drop_of(*utterances(BOOTSTRAP_SPEAKERS - 1))


def test_a_speaker_without_words_counts_for_nothing_alone() -> None:
    """Two speakers, one of whom says nothing: no drop without the other, so the unit is the utterance."""
    assert ("utterance", 40, "bootstrap") == drop_of([10] * 20 + [0] * 20, [1, 0] * 20, ["a"] * 20 + ["b"] * 20)


def test_scipys_bootstrap_over_speakers_agrees() -> None:
    """SciPy resamples the pairs of words and rises of the speakers, and takes the same percentiles."""
    words, rises, names = utterances(BOOTSTRAP_SPEAKERS)
    found = wer_drop(words=words, reference=[0] * len(words), candidate=rises, names=names)
    sums = np.zeros((2, BOOTSTRAP_SPEAKERS))
    for word, rise, name in zip(words, rises, names, strict=True):
        sums[:, int(name[1:])] += word, rise

    def ratio(spoken: np.ndarray, risen: np.ndarray, axis: int) -> np.ndarray:
        result: np.ndarray = risen.sum(axis) / spoken.sum(axis)
        return result

    peer = stats.bootstrap(
        tuple(sums), ratio, paired=True, vectorized=True, method="percentile", n_resamples=10_000, rng=1
    ).confidence_interval
    width = peer.high - peer.low
    assert (peer.low, peer.high) == pytest.approx((found.interval.low, found.interval.high), abs=0.03 * width)


@pytest.mark.parametrize(("speakers", "error"), [(8, 0.00845427), (100, 0.0017205)])
def test_statsmodels_agrees(speakers: int, error: float) -> None:
    """Its standard error in clusters, from squared influences, is within 1 % of the jackknife over speakers.

    The figures are of statsmodels 0.15.0 on the same counts: WLS of the utterances' rates on a constant, weighted by
    their words, with `cov_type="cluster"`.
    """
    words, rises, names = utterances(speakers)
    sums = (np.asarray(sums_by_speaker(values, names), float) for values in (words, rises))
    assert error == pytest.approx(float(standard_error(*sums)), rel=0.01)


def test_p_values_agree_with_the_interval() -> None:
    """At a bound of the interval, the one-sided p-value is 2.5 %; the two p-values of Student's t sum to 1."""
    for words, rises, names in (utterances(8), utterances(BOOTSTRAP_SPEAKERS), (*utterances(8)[:2], [])):
        sides = {"words": words, "reference": [0] * len(words), "candidate": rises, "names": names}
        found = wer_drop(**sides)  # type: ignore[arg-type]
        assert math.isnan(found.p_within)
        at_high = wer_drop(**sides, tolerance=found.interval.high)  # type: ignore[arg-type]
        at_low = wer_drop(**sides, tolerance=found.interval.low)  # type: ignore[arg-type]
        assert (0.025, 0.025) == pytest.approx((at_high.p_within, at_low.p_beyond), abs=2e-3)
        assert 1.0 == pytest.approx(at_high.p_within + at_high.p_beyond, abs=2e-3)
