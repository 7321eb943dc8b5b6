"""Labels of the logits' last axis, and the rules that turn a sequence of labels into text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Literal

from wergate.errors import SuiteError

Units = Literal["letters", "subwords", "phonemes"]
# transformers' `clean_up_tokenization_spaces` removes the space in front of these, in this order
_TIGHT = (" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're")


_BRACKETED = re.compile(r"<[^<>]+>|\[[^\[\]]+\]")
_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")  # SentencePiece's byte fallback: such labels represent text


def special_labels(labels: Sequence[str], named: Collection[str], used: Collection[str | None]) -> tuple[str, ...]:
    """Return the labels without text, by one rule for checkpoints and ONNX files.

    They are the labels that a tokenizer names as special, and those in angle or square brackets.

    Args:
        labels: all labels.
        named: labels that the tokenizer names as special.
        used: labels with a meaning of their own, which are not special: the blank and the word delimiter.
    """
    bracketed = {label for label in labels if _BRACKETED.fullmatch(label) and not _BYTE.fullmatch(label)}
    return tuple(label for label in labels if (label in bracketed or label in named) and label not in used)


@dataclass(frozen=True)
class Alphabet:
    """The labels of the vocabulary and the rules that turn them into a transcript.

    Attributes:
        labels: one label per logit of a frame.
        blank_id: index of the CTC blank.
        word_delimiter: the label between two words; None if the alphabet has none.
        word_start: prefix of each label that begins a word (SentencePiece: U+2581); None if there is none.
        units: the kind of unit that a label represents.
        joiner: text inserted between two labels of the transcript.
        delimiter_text: text that replaces the word delimiter; None drops the delimiter.
        lower_case: convert the transcript to lower case.
        clean_up: drop the spaces before punctuation and English contractions.
        special: labels that represent no text, such as "<s>"; they separate repeats and are left out.
        keep_special: write special labels out, as transformers' tokenizers do; no transcript is judged in this form.
    """

    labels: tuple[str, ...]
    blank_id: int
    word_delimiter: str | None
    word_start: str | None = None
    units: Units = "letters"
    joiner: str = ""
    delimiter_text: str | None = " "
    lower_case: bool = False
    clean_up: bool = False
    special: tuple[str, ...] = ()
    keep_special: bool = False

    def __post_init__(self) -> None:
        """Check that the blank is one of the labels.

        Raises:
            SuiteError: `blank_id` is not an index of `labels`.
        """
        if not 0 <= self.blank_id < len(self.labels):
            raise SuiteError(
                f"blank {self.blank_id} is outside the {len(self.labels)} labels; "
                f"0 to {len(self.labels) - 1} is accepted; set it to the index of the CTC blank"
            )

    @property
    def blank(self) -> str:
        """The CTC blank."""
        return self.labels[self.blank_id]

    def text(self, ids: Iterable[int]) -> str:
        """Return the transcript of successive frames: collapse repeats, drop blanks, join labels.

        Args:
            ids: index of the best label of each frame.
        """
        collapsed = (label for label, _ in groupby(self.labels[label_id] for label_id in ids))
        texts = [text for label in collapsed if (text := self._text_of(label)) is not None]
        joined = self.joiner.join(texts)
        if self.word_start is not None:
            joined = joined.replace(self.word_start, " ")
        return self._formatted(joined.strip())

    def _text_of(self, label: str) -> str | None:
        if label == self.blank:
            return None
        if label == self.word_delimiter:
            return self.delimiter_text
        return label if self.keep_special or label not in self._special else None

    def _formatted(self, text: str) -> str:
        text = text.lower() if self.lower_case else text
        return _cleaned_up(text) if self.clean_up else text

    def tokens(self, text: str) -> list[str]:
        """Split a transcript into units of this alphabet, for the token error rate.

        Letters are characters. Subwords are the longest labels that match, from the left. Phonemes are
        separated by spaces. Words are separated by the word delimiter, or begin with the word start, if
        the alphabet has one.
        """
        words = text.split()
        if self.units == "phonemes":
            return words
        mark = self.word_delimiter or (self.word_start if self.units == "letters" else None)
        between = [mark] if mark else []
        tokens = [token for word in words for token in [*between, *self._pieces(word)]]
        return tokens[len(between) :]

    def _pieces(self, word: str) -> list[str]:
        if self.units == "letters":
            return list(word)
        rest, pieces = (self.word_start or "") + word, []
        while rest:
            pieces.append(self._longest_label(rest))
            rest = rest[len(pieces[-1]) :]
        return pieces

    def _longest_label(self, rest: str) -> str:
        """Return the longest prefix that is a label, ignoring case, or one character if there is none."""
        longest = max(map(len, self._text_labels), default=1)
        lengths = range(min(longest, len(rest)), 1, -1)
        return next((rest[:n] for n in lengths if rest[:n].casefold() in self._text_labels), rest[0])

    def unknown_characters(self, text: str) -> Counter[str]:
        """Count the characters of a transcript that no label contains, or the phonemes that are not labels."""
        if self.units == "phonemes":
            return Counter(symbol for symbol in text.split() if symbol not in self.labels)
        return Counter(character for character in text if not self._is_known(character))

    def _is_known(self, character: str) -> bool:
        return self._known.issuperset(character.lower() if self.lower_case else character)

    @cached_property
    def _special(self) -> frozenset[str]:
        return frozenset(self.special)

    @cached_property
    def _textual(self) -> tuple[str, ...]:
        silent = self._special | {self.blank, self.word_delimiter}
        return tuple(label for label in self.labels if label not in silent)

    @cached_property
    def _text_labels(self) -> frozenset[str]:
        return frozenset(label.casefold() for label in self._textual)

    @cached_property
    def _known(self) -> frozenset[str]:
        known = set("".join(self._textual)) - set(self.word_start or "")
        if self.lower_case:
            known |= set("".join(known).lower())
        spaced = self.word_delimiter is not None or self.word_start is not None
        return frozenset(known | {" "} if spaced else known)


def _cleaned_up(text: str) -> str:
    for mark in _TIGHT:
        text = text.replace(mark, mark.strip())
    return text
