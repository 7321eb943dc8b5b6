"""Power: the drop that a corpus sees, and the number of units that it needs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from wergate.evaluation.significance.family import holm, is_near
from wergate.evaluation.significance.power import needed_units, visible_drop
from wergate.evaluation.significance.speakers import t_interval


def test_by_utterance_it_is_2_8_standard_errors() -> None:
    """An interval that reaches 1.96 standard errors sees 2.8 of them."""
    assert 2.8 == pytest.approx(visible_drop(1.96, "utterance", 160), abs=2e-3)


def test_few_speakers_see_less() -> None:
    """Student's t with five degrees of freedom: 2.57 and 0.92 standard errors."""
    assert 2.571 + 0.920 == pytest.approx(visible_drop(2.571, "speaker", 6), abs=2e-3)


def test_the_visible_drop_is_seen_in_eight_of_ten_corpora() -> None:
    """Ten speakers differ by chance; a true drop of the visible size excludes zero in about 80 % of 4,000 corpora."""
    generator = np.random.default_rng(3)
    spread = 0.01
    reach = float(stats.t.ppf(0.975, 9)) * spread / np.sqrt(10)
    drops = generator.normal(visible_drop(float(reach), "speaker", 10), spread, (4_000, 10))
    low, _ = t_interval(np.full(drops.shape, 100.0), drops * 100)
    assert 0.78 <= float(np.mean(low > 0)) <= 0.83


@pytest.mark.parametrize(("unit", "units"), [("speaker", 6), ("speaker", 2), ("utterance", 2_800)])
def test_the_needed_number_sees_the_tolerance(unit: str, units: int) -> None:
    """With that many units, the visible drop is the tolerance; with fewer, it is larger."""
    number = needed_units(0.02, unit, units, 0.01)  # type: ignore[arg-type]

    def visible(count: float) -> float:
        quantile = (stats.t.ppf(0.975, count - 1) / stats.t.ppf(0.975, units - 1)) if unit == "speaker" else 1.0
        return visible_drop(0.02 * float(quantile) * (units / count) ** 0.5, unit, int(count))  # type: ignore[arg-type]

    assert visible(number) <= 0.01 + 1e-9
    assert visible(number - 1) > 0.01


def test_what_already_suffices() -> None:
    """A wide margin needs two speakers, or fewer words."""
    assert 2 == needed_units(0.001, "speaker", 12, 0.5)
    assert 1_000 > needed_units(0.001, "utterance", 1_000, 0.01)


def test_holm_computed_by_hand() -> None:
    """Levels are 2.5 % over 3, 2 and 1: 0.008 and 0.012 are below theirs, 0.03 is not; the order does not matter."""
    assert [False, True, True] == holm([0.03, 0.012, 0.008])
    assert [True] == holm([0.02])
    assert [False, False] == holm([0.02, 0.02])
    assert [] == holm([])


def test_holm_holds_the_level_of_the_family() -> None:
    """Of 4,000 families of five true hypotheses, at most about 2.5 % have a false rejection; one by one, 11.9 %."""
    p_values = np.random.default_rng(9).random((4_000, 5))
    corrected = np.mean([any(holm(family)) for family in p_values.tolist()])
    assert 0.019 <= corrected <= 0.031
    assert np.mean((p_values <= 0.025).any(axis=1)) > 0.1


def test_near_the_threshold_is_a_factor_of_ten() -> None:
    """From 0.25 to 25 %."""
    assert [False, True, True, False] == [is_near(p) for p in (0.001, 0.003, 0.2, 0.4)]
