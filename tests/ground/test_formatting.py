"""Formatting of numbers, and the text for missing ones."""

from __future__ import annotations

from wergate.evaluation.rows import IntervalRow, WordErrorRow
from wergate.formatting import decibels, interval, percent, signed_percent, word_errors
from wergate.verdict import Interval


def test_fractions_are_shown_in_percent() -> None:
    """Differences have a sign, even if they are zero."""
    assert ["8.21", "8", "-"] == [percent(0.08211), percent(0.08211, 0), percent(None)]
    assert ["+0.31", "-2", "+0.00", "-"] == [
        signed_percent(value, d) for value, d in ((0.0031, 2), (-0.02, 0), (0, 2), (None, 2))
    ]


def test_identical_logits_have_an_infinite_ratio() -> None:
    """Rows store None for an infinite ratio; elsewhere None means that nothing was compared."""
    assert ["21.4", "inf", "-"] == [decibels(21.44), decibels(None), decibels(None, "-")]


def test_an_interval_may_be_open() -> None:
    """An infinite bound is shown as such, and a missing interval as an empty string."""
    assert "0.98 to 1.04" == interval(Interval(0.98, 1.04))
    assert "-inf to 3.5" == interval(IntervalRow(low=None, high=0.035, confidence=0.95), ".4g", 100)
    assert "-0.5 to inf" == interval(IntervalRow(low=-0.5, high=None, confidence=0.95), ".3g")
    assert not interval(None)


def test_word_errors_are_a_rate_and_three_counts() -> None:
    """Without reference words, the rate is shown as "-"."""
    assert ("25.00", "3/2/1") == word_errors(
        WordErrorRow(wer=0.25, words=24, substitutions=3, deletions=2, insertions=1)
    )
    assert ("-", "0/0/1") == word_errors(WordErrorRow(wer=None, words=0, substitutions=0, deletions=0, insertions=1))
