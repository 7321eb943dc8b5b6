"""Normalizers: what each one makes equal, and what it leaves alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.evaluation.normalize import NORMALIZERS

SRC = Path(__file__).parents[2] / "src"
STABLE = ("none", "upper", "basic")  # Whisper's English rules change some texts twice


@pytest.mark.parametrize("name", STABLE)
@given(text=st.text(max_size=30))
def test_twice_is_once(name: str, text: str) -> None:
    """A normalized text is left alone."""
    once = NORMALIZERS[name](text)
    assert once == NORMALIZERS[name](once)


@pytest.mark.parametrize("name", sorted(NORMALIZERS))
@given(text=st.text(max_size=30))
def test_words_are_parted_by_single_spaces(name: str, text: str) -> None:
    """Whatever the text: words with one space between them, none at the ends."""
    normalized = NORMALIZERS[name](text)
    assert " ".join(normalized.split()) == normalized


@pytest.mark.parametrize("name", ["none", "upper"])
@given(text=st.text(max_size=30))
def test_words_stay_words(name: str, text: str) -> None:
    """As many words come out as go in."""
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
    """What is folded, dropped, written out."""
    assert expected == NORMALIZERS[name](text)


@pytest.mark.parametrize("text", ["?!", "(music)", "[noise]", "um", "—"])
def test_a_text_without_words_becomes_empty(text: str) -> None:
    """What has no word for the leaderboards has none here; how that is counted, tests/evaluation/test_wer.py says."""
    assert "" == NORMALIZERS["english"](text)


def test_english_rules_are_loaded_when_they_are_used() -> None:
    """Another normalizer does not import the package of the English one."""
    code = (
        "import sys, wergate.evaluation.normalize as n; n.NORMALIZERS['{}']('A'); "
        "sys.exit('whisper_normalizer' in sys.modules)"
    )
    codes = [
        subprocess.run([sys.executable, "-c", code.format(name)], check=False, cwd=SRC).returncode
        for name in ("basic", "english")
    ]
    assert [0, 1] == codes
