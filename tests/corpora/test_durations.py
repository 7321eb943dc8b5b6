"""Durations shaped like LibriSpeech's."""

from __future__ import annotations

import statistics

import pytest

from wergate.corpora.sampling import LONGEST_S, SHORTEST_S, librispeech_like
from wergate.errors import SuiteError


def test_the_shape_is_the_published_one() -> None:
    """Durations are 12 s on average, mostly near 15 s, and within the shortest and longest of the corpus."""
    drawn = librispeech_like(4000, seed=1)
    assert 11.5 < statistics.fmean(drawn) < 12.5
    assert 13.0 < statistics.median(drawn) < 14.0
    assert SHORTEST_S <= min(drawn)
    assert max(drawn) <= LONGEST_S
    assert any(duration_s > 20 for duration_s in drawn)


def test_a_longer_draw_begins_with_the_shorter_one() -> None:
    """A longer sample extends the shorter one, and another seed gives another sample."""
    assert librispeech_like(200, seed=1)[:50] == librispeech_like(50, seed=1)
    assert librispeech_like(50, seed=1) != librispeech_like(50, seed=2)


def test_every_duration_is_a_whole_number_of_samples() -> None:
    assert all(abs(d * 16000 - round(d * 16000)) < 1e-6 for d in librispeech_like(200, seed=1))


def test_a_count_of_zero_is_refused() -> None:
    with pytest.raises(SuiteError, match="0 durations"):
        librispeech_like(0, seed=1)
