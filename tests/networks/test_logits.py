"""Differences between logits: values calculated by hand, sums over parts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from wergate.networks.logits import LogitsDifference, difference, total

PAIRS = arrays.arrays(
    np.float32, st.tuples(st.just(2), st.integers(2, 9), st.just(3)), elements=st.floats(-9, 9, width=32)
)


def test_values_by_hand() -> None:
    """Two frames of two labels: deltas 1 and 2, signal 100, noise 5, the second frame flipped with margin 2."""
    reference = np.array([[8.0, 0.0], [4.0, 2.0 * math.sqrt(5)]], np.float32)
    candidate = np.array([[9.0, 0.0], [6.0, 2.0 * math.sqrt(5)]], np.float32)
    found = difference(reference=reference, candidate=candidate)
    assert (2, 4, 2.0, 3.0, 0.75, 1) == (
        found.frames,
        found.values,
        found.max_abs,
        found.sum_abs,
        found.mean_abs,
        found.flipped_frames,
    )
    assert (found.signal, found.noise) == (pytest.approx(100), pytest.approx(5))
    assert found.sqnr_db == pytest.approx(10 * math.log10(20))
    assert (found.argmax_agreement, found.widest_flip) == (0.5, pytest.approx(2 * math.sqrt(5) - 4))


def test_equal_logits_differ_in_nothing() -> None:
    """No noise: an infinite ratio, full agreement, no flip."""
    logits = np.random.default_rng(1).normal(size=(5, 7)).astype(np.float32)
    found = difference(reference=logits, candidate=logits)
    assert (0.0, 0.0, math.inf, 1.0, 0) == (
        found.max_abs,
        found.mean_abs,
        found.sqnr_db,
        found.argmax_agreement,
        found.flipped_frames,
    )


def test_no_frames_differ_in_nothing() -> None:
    """The empty sum has defined values."""
    assert (0.0, math.inf, 1.0) == (total([]).mean_abs, total([]).sqnr_db, total([]).argmax_agreement)


@given(PAIRS, st.data())
def test_differences_add_up(pair: np.ndarray, data: st.DataObject) -> None:
    """The differences of two parts of an utterance add up to the difference of the whole."""
    reference, candidate = pair
    cut = data.draw(st.integers(1, len(reference) - 1))
    whole = difference(reference=reference, candidate=candidate)
    parts = total(
        difference(reference=reference[part], candidate=candidate[part]) for part in (slice(cut), slice(cut, None))
    )
    assert (whole.frames, whole.max_abs, whole.flipped_frames, whole.widest_flip) == (
        parts.frames,
        parts.max_abs,
        parts.flipped_frames,
        parts.widest_flip,
    )
    assert parts.sum_abs == pytest.approx(whole.sum_abs)
    assert parts.noise == pytest.approx(whole.noise)
    assert parts.signal == pytest.approx(whole.signal)


@given(PAIRS)
def test_mean_is_at_most_the_maximum(pair: np.ndarray) -> None:
    """The agreement is a fraction between 0 and 1."""
    found = difference(reference=pair[0], candidate=pair[1])
    assert found.mean_abs <= found.max_abs * (1 + 1e-9)
    assert 0 <= found.argmax_agreement <= 1


@pytest.mark.parametrize("decibel", [10, 20, 40])
def test_ratio_is_in_decibels_of_power(decibel: int) -> None:
    """Noise with a tenth of the signal's amplitude gives 20 dB."""
    reference = np.full((4, 4), 3.0, np.float64)
    found = difference(reference=reference, candidate=reference * (1 + 10 ** (-decibel / 20)))
    assert found.sqnr_db == pytest.approx(decibel)


def test_nan_is_not_hidden() -> None:
    """A candidate's NaN appears in every value that a gate compares with a threshold."""
    found = difference(reference=np.ones((2, 2), np.float32), candidate=np.array([[1, np.nan], [1, 1]], np.float32))
    assert all(math.isnan(value) for value in (found.max_abs, found.mean_abs, found.sqnr_db))


def test_nan_survives_addition() -> None:
    """A NaN of one utterance survives the sum, as either operand."""
    fine, broken = (
        LogitsDifference(1, 1, 0.5, 0.5, 1.0, 0.25),
        LogitsDifference(1, 1, math.nan, math.nan, 1.0, math.nan),
    )
    assert math.isnan((fine + broken).max_abs)
    assert math.isnan((broken + fine).max_abs)


def test_shapes_must_be_equal() -> None:
    """Different numbers of frames raise an error that shows both shapes."""
    with pytest.raises(ValueError, match=r"\(3, 2\).*\(2, 2\)"):
        difference(reference=np.zeros((2, 2), np.float32), candidate=np.zeros((3, 2), np.float32))
