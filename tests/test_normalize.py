"""Normalizers: idempotent, and nothing is lost but case and white space."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.normalize import NORMALIZERS


@pytest.mark.parametrize("name", sorted(NORMALIZERS))
@given(text=st.text(max_size=30))
def test_twice_is_once(name: str, text: str) -> None:
    """A normalized text is left alone."""
    once = NORMALIZERS[name](text)
    assert once == NORMALIZERS[name](once)


@pytest.mark.parametrize("name", sorted(NORMALIZERS))
@given(text=st.text(max_size=30))
def test_words_stay_words(name: str, text: str) -> None:
    """As many words come out as go in, with single spaces between them."""
    normalized = NORMALIZERS[name](text)
    assert len(text.split()) == len(normalized.split())
    assert " ".join(normalized.split()) == normalized


def test_only_upper_changes_letters() -> None:
    """`none` keeps the letters, `upper` folds their case."""
    assert "It's Ö" == NORMALIZERS["none"](" It's \t Ö\n")
    assert "IT'S Ö" == NORMALIZERS["upper"](" It's \t Ö\n")
