"""What the logits' last axis means, and how a sequence of its labels is read as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Literal

from wergate.errors import SuiteError

Units = Literal["letters", "subwords", "phonemes"]
# what transformers' `clean_up_tokenization_spaces` sets tight, in this order
_TIGHT = (" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're")


@dataclass(frozen=True)
class Alphabet:
    """The labels of the vocabulary and the rules by which they become a transcript.

    Attributes:
        labels: one for each logit of a frame.
        blank_id: the place of the CTC blank.
        word_delimiter: the label that stands between two words, where there is one.
        word_start: what a label begins with that begins a word (SentencePiece: U+2581), where there is such a thing.
        units: what a label stands for.
        joiner: stands between two labels in the transcript.
        delimiter_text: what the word delimiter becomes in the transcript; None: nothing.
        lower_case: the transcript is written in lower case.
        clean_up: spaces before punctuation and English contractions are dropped.
        special: labels that stand for no text of their own, such as "<s>".
        keep_special: they are written out all the same, as transformers' tokenizers do.
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
        """Refuse a blank that is no label."""
        if not 0 <= self.blank_id < len(self.labels):
            raise SuiteError(
                f"blank {self.blank_id} is not in the labels: there are {len(self.labels)}; "
                f"0 to {len(self.labels) - 1} is accepted; name the label that stands for no sound"
            )

    @property
    def blank(self) -> str:
        """The label that stands for no sound."""
        return self.labels[self.blank_id]

    def text(self, ids: Iterable[int]) -> str:
        """Return what the best labels of successive frames say: repeats collapsed, blanks dropped, labels joined.

        Args:
            ids: a label's place for each frame.
        """
        collapsed = (label for label, _ in groupby(self.labels[label_id] for label_id in ids))
        said = [text for label in collapsed if (text := self._said(label)) is not None]
        joined = self.joiner.join(said)
        if self.word_start is not None:
            joined = joined.replace(self.word_start, " ")
        return self._finished(joined.strip())

    def _said(self, label: str) -> str | None:
        if label == self.blank:
            return None
        if label == self.word_delimiter:
            return self.delimiter_text
        return label if self.keep_special or label not in self._special else None

    def _finished(self, text: str) -> str:
        text = text.lower() if self.lower_case else text
        return _tightened(text) if self.clean_up else text

    def tokens(self, text: str) -> list[str]:
        """Return a transcript in units of this alphabet, for the token error rate.

        Letters are characters; subwords are the longest labels that match, from the left; phonemes stand between
        spaces. Words are parted by the word delimiter or begin with the word start, where there is one.
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
        """Return the longest beginning that is a label, whatever its case; one character where there is none."""
        longest = max(map(len, self._text_labels), default=1)
        lengths = range(min(longest, len(rest)), 1, -1)
        return next((rest[:n] for n in lengths if rest[:n].casefold() in self._text_labels), rest[0])

    def unknown_characters(self, text: str) -> Counter[str]:
        """Count the characters of a transcript that no label holds; of phonemes, the symbols that are no label."""
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
        unsaid = self._special | {self.blank, self.word_delimiter}
        return tuple(label for label in self.labels if label not in unsaid)

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


def _tightened(text: str) -> str:
    for mark in _TIGHT:
        text = text.replace(mark, mark.strip())
    return text
