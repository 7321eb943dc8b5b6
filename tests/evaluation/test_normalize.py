"""Normalizers: differences that each one removes, and differences that it keeps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.evaluation.normalize import NORMALIZERS

SRC = Path(__file__).parents[2] / "src"
STABLE = ("none", "upper", "basic")  # a second pass of Whisper's English rules changes some texts again


@pytest.mark.parametrize("name", STABLE)
@given(text=st.text(max_size=30))
def test_a_second_pass_changes_nothing(name: str, text: str) -> None:
    """Normalizing a normalized text returns it unchanged."""
    once = NORMALIZERS[name](text)
    assert once == NORMALIZERS[name](once)


@pytest.mark.parametrize("name", sorted(NORMALIZERS))
@given(text=st.text(max_size=30))
def test_words_are_separated_by_single_spaces(name: str, text: str) -> None:
    """Any text becomes words with one space between them and none at the ends."""
    normalized = NORMALIZERS[name](text)
    assert " ".join(normalized.split()) == normalized


@pytest.mark.parametrize("name", ["none", "upper"])
@given(text=st.text(max_size=30))
def test_words_stay_words(name: str, text: str) -> None:
    """The number of words does not change."""
    assert len(text.split()) == len(NORMALIZERS[name](text).split())


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("none", " It's \t Ö\n", "It's Ö"),
        ("upper", " It's \t Ö\n", "IT'S Ö"),
        ("basic", "“Well,” it\u2019s—twenty-one… 'quoted'", "well it's twenty one quoted"),
        ("basic", "ﬁve Straße \uff21\uff22\uff23 e\u0301", "five strasse abc é"),
        ("basic", "हिन्दी, भाषा।", "हिन्दी भाषा"),
        ("english", "Mr. Quilter can't, uh, pay $20 million!", "mister quilter can not pay $20000000"),
        ("english", "The colour of twenty one flowers", "the color of 21 flowers"),
    ],
)
def test_examples(name: str, text: str, expected: str) -> None:
    """Each normalizer folds, drops and expands text according to its rules."""
    assert expected == NORMALIZERS[name](text)


@pytest.mark.parametrize("text", ["?!", "(music)", "[noise]", "um", "—"])
def test_a_text_without_words_becomes_empty(text: str) -> None:
    """Text without words for the leaderboards' rules becomes empty; test_wer.py tests how it is counted."""
    assert "" == NORMALIZERS["english"](text)


def test_english_rules_are_loaded_when_they_are_used() -> None:
    """Only the English normalizer imports its package."""
    code = (
        "import sys, wergate.evaluation.normalize as n; n.NORMALIZERS['{}']('A'); "
        "sys.exit('whisper_normalizer' in sys.modules)"
    )
    codes = [
        subprocess.run([sys.executable, "-c", code.format(name)], check=False, cwd=SRC).returncode
        for name in ("basic", "english")
    ]
    assert [0, 1] == codes
