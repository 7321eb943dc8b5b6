"""Labels to text and text to units, on alphabets small enough to check by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.errors import SuiteError
from wergate.networks.alphabet import Alphabet

LETTERS = Alphabet(("<pad>", "<s>", "|", "A", "B", "'"), 0, "|", special=("<pad>", "<s>"))
SUBWORDS = Alphabet(
    ("<unk>", "\u2581", "\u2581the", "\u2581th", "ink", "e", "r", "s", "\u2581s", "<blank>"),
    9,
    None,
    word_start="\u2581",
    units="subwords",
    special=("<unk>",),
)
PHONEMES = Alphabet(
    ("<pad>", "ð", "ə", "k", "æ", "t"), 0, None, units="phonemes", joiner=" ", special=("<pad>",), keep_special=True
)
HAN = Alphabet(("<pad>", "你", "好", "吗"), 0, None)


@dataclass(frozen=True)
class Reading:
    """Labels of successive frames and the expected transcript."""

    id: str
    alphabet: Alphabet
    frames: tuple[str, ...]
    expected: str


READINGS = (
    Reading("special labels have no text", LETTERS, ("<s>", "A", "<s>", "B"), "AB"),
    Reading("special labels kept", replace(LETTERS, keep_special=True), ("<s>", "A"), "<s>A"),
    Reading("lower case", replace(LETTERS, lower_case=True), ("A", "|", "B"), "a b"),
    Reading("another text for the delimiter", replace(LETTERS, delimiter_text="_"), ("A", "|", "B"), "A_B"),
    Reading("a delimiter without text", replace(LETTERS, delimiter_text=None), ("A", "|", "B"), "AB"),
    Reading("no spaces in contractions", replace(LETTERS, clean_up=True), ("A", "|", "'", "|", "B"), "A'B"),
    Reading("subwords", SUBWORDS, ("\u2581th", "\u2581th", "ink", "e", "<blank>", "\u2581the"), "thinke the"),
    Reading("a word start as a separate label", SUBWORDS, ("\u2581", "e", "\u2581", "r"), "e r"),
    Reading("an unknown subword is dropped", SUBWORDS, ("\u2581the", "<unk>", "r"), "ther"),
    Reading("spaces between phonemes", PHONEMES, ("k", "k", "<pad>", "æ", "t"), "k æ t"),
    Reading("no words, no spaces", HAN, ("你", "<pad>", "好"), "你好"),
    Reading("nothing", LETTERS, (), ""),
)


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.id)
def test_text(reading: Reading) -> None:
    """Repeats collapse, blanks vanish, and the alphabet's rules join the labels."""
    ids = [reading.alphabet.labels.index(label) for label in reading.frames]
    assert reading.expected == reading.alphabet.text(ids)


@dataclass(frozen=True)
class Split:
    """A transcript and its units."""

    id: str
    alphabet: Alphabet
    text: str
    expected: list[str]


SPLITS = (
    Split("letters", LETTERS, "AB  A'", ["A", "B", "|", "A", "'"]),
    Split("letters without words", HAN, "你好 吗", ["你", "好", "吗"]),
    Split("longest subword first", SUBWORDS, "the think", ["\u2581the", "\u2581th", "ink"]),
    Split("subwords in another case", SUBWORDS, "The", ["\u2581The"]),
    Split("no subword: characters", SUBWORDS, "xs", ["\u2581", "x", "s"]),
    Split("phonemes", PHONEMES, "k æ  t", ["k", "æ", "t"]),
    Split("nothing", SUBWORDS, " ", []),
)


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split.id)
def test_tokens(split: Split) -> None:
    """A transcript splits into units of the alphabet; letters have no word mark at the beginning."""
    assert split.expected == split.alphabet.tokens(split.text)


@given(st.lists(st.sampled_from(range(len(SUBWORDS.labels))), max_size=20))
def test_subwords_keep_all_of_the_text(ids: list[int]) -> None:
    """Splitting a transcript into subwords and joining them again changes nothing."""
    text = " ".join(SUBWORDS.text(ids).split())
    assert text == "".join(SUBWORDS.tokens(text)).replace("\u2581", " ").strip()


@dataclass(frozen=True)
class Foreign:
    """A transcript and the characters of it that no label contains."""

    id: str
    alphabet: Alphabet
    text: str
    expected: dict[str, int]


FOREIGN = (
    Foreign("all known", LETTERS, "AB A'", {}),
    Foreign("counted", LETTERS, "AXBX 1", {"X": 2, "1": 1}),
    Foreign("letters of special labels are not known", LETTERS, "s p", {"s": 1, "p": 1}),
    Foreign("another case is another letter", LETTERS, "a", {"a": 1}),
    Foreign("unless the alphabet lowers it", replace(LETTERS, lower_case=True), "aA", {}),
    Foreign("a space without words", HAN, "你 们", {" ": 1, "们": 1}),
    Foreign("subwords", SUBWORDS, "the rinse \u2581", {"\u2581": 1}),
    Foreign("phonemes are counted whole", PHONEMES, "ð ə oʊ", {"oʊ": 1}),
)


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda foreign: foreign.id)
def test_unknown_characters(foreign: Foreign) -> None:
    """Characters that a model with this alphabet can never output are counted."""
    assert Counter(foreign.expected) == foreign.alphabet.unknown_characters(foreign.text)


@pytest.mark.parametrize("blank", [-1, 2])
def test_a_blank_outside_the_labels_is_rejected(blank: int) -> None:
    """The blank and the number of labels are in the message."""
    with pytest.raises(SuiteError, match=rf"blank {blank} is outside the 2 labels; 0 to 1 is accepted"):
        Alphabet(("A", "B"), blank, None)
