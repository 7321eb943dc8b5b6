"""Bisection: the first bad release, with few duels."""

from __future__ import annotations

import math

import pytest

from wergate.duel.bisection import first_bad, releases_between
from wergate.errors import SuiteError

KNOWN = [f"202{year}.{minor}.0" for year in range(3, 7) for minor in range(7)][:27]


@pytest.mark.parametrize("bad", range(1, 27))
def test_the_first_bad_release_is_found(bad: int) -> None:
    """Wherever it is, with five duels at most."""
    tried: list[str] = []

    def is_bad(release: str) -> bool:
        tried.append(release)
        return KNOWN.index(release) >= bad

    assert KNOWN[bad] == first_bad(KNOWN, is_bad)
    assert len(tried) <= math.ceil(math.log2(len(KNOWN) - 1)) == 5


def test_releases_are_ordered_by_their_numbers() -> None:
    """2024.10.0 is later than 2024.6.0."""
    assert ["2024.6.0", "2024.10.0", "2025.0.0"] == releases_between(
        ["2025.0.0", "2024.10.0", "2024.6.0", "2023.3.0"], "2024.6.0", "2025.0.0"
    )


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("2026.3.0", "2024.6.0", "openvino==2024.6.0 is not later than openvino==2026.3.0"),
        ("2024.6.0", "2024.6.0", "is not later than"),
        ("2024.6.1", "2025.0.0", "the package index has no openvino==2024.6.1"),
    ],
)
def test_a_mistake_is_one_line(good: str, bad: str, said: str) -> None:
    """Both releases exist, and the good one comes first."""
    with pytest.raises(SuiteError, match=said):
        releases_between(KNOWN, good, bad)
