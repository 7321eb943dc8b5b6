"""Normalizers: differences that each one removes, and differences that it keeps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.evaluation.normalize import NORMALIZERS, unseen

SRC = Path(__file__).parents[2] / "src"
STABLE = (
    "none",
    "upper",
    "basic",
    "turkish",
    "characters",
)  # a second pass of Whisper's English rules changes some texts again


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
        ("basic", "rock \u2018n\u2019 roll, \u2018quoted\u2019", "rock n roll quoted"),
        ("basic", "don\u00b4t don`t", "don't don't"),
        ("basic", "\u0661\u06dd \u0662", "\u0661 \u0662"),
        ("upper", "o\u2018zbek \u2018quoted\u2019", "O'ZBEK \u2018QUOTED\u2019"),
        ("upper", "straße", "STRASSE"),
        ("turkish", "D\u0130YARBAKIR\u2019DA I\u015f\u0131k", "diyarbak\u0131r'da \u0131\u015f\u0131k"),
        ("characters", "你好,世界", "你 好 世 界"),
        ("characters", "สวัสดี go", "ส วั ส ดี g o"),
        ("characters", "か\u3099く", "が く"),
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


SAME = (
    ("none", "cafe\u0301", "café", False),
    ("upper", "cafe\u0301", "café", True),
    ("basic", "cafe\u0301", "café", True),
    ("english", "cafe\u0301", "café", True),
    ("upper", "\u1112\u1161\u11ab", "한", True),
    ("upper", "o\u2018zbek", "o'zbek", True),
    ("upper", "o\u02bbzbek", "o'zbek", True),
    ("basic", "o\u2018zbek", "o'zbek", True),
    ("basic", "o\u02bbzbek", "o'zbek", True),
    ("basic", "tog\u2018 bo\u02bb", "tog' bo'", True),
    ("turkish", "\u0130STANBUL I\u015eIK", "istanbul \u0131\u015f\u0131k", True),
    ("turkish", "I\u0307STANBUL", "istanbul", True),
    ("basic", "\u0130STANBUL I\u015eIK", "istanbul \u0131\u015f\u0131k", False),
    ("basic", "co\u00adop", "coop", True),
    ("basic", "שלום\u200f", "שלום", True),
    ("basic", "ـمحمدـ", "محمد", True),
    ("basic", "go\u200bing", "going", True),
    ("basic", "e\u200b\u0301", "é", True),
    ("basic", "葛\U000e0100", "葛", True),
    ("basic", "\ufeffgo \u2066there\u2069", "go there", True),
    ("upper", "go\u200bing", "going", False),
)


@pytest.mark.parametrize(("name", "one", "other", "same"), SAME)
def test_what_looks_the_same_is_the_same(name: str, one: str, other: str, same: bool) -> None:
    """Every normalizer but `none` composes characters; `basic` drops what nobody sees; case has languages."""
    normalizer = NORMALIZERS[name]
    assert same == (normalizer(one) == normalizer(other))


def test_unseen_characters_are_found() -> None:
    """They are counted in the notes of a run."""
    assert "\u200f\u00ad" == unseen("שלום\u200f co\u00adop \u06dd")
    assert ["basic", "characters", "turkish"] == sorted(n.name for n in NORMALIZERS.values() if n.drops_unseen)
