"""Transcripts and word errors for POT's metric, without dependencies beyond NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Speller:
    """Rules for writing a sequence of labels as text.

    Attributes:
        texts: text of each label; None for labels without text, such as the CTC blank.
        joiner: text between two labels.
        word_start: prefix of labels that begin a word; None if there is no such prefix.
        case: "upper" or "lower" to convert the text; None to leave it unchanged.
    """

    texts: Sequence[str | None]
    joiner: str
    word_start: str | None
    case: str | None

    def transcript(self, logits: npt.NDArray[Any]) -> str:
        """Return the greedy CTC transcript of one utterance: logits of shape (frames, vocabulary)."""
        collapsed = (label for label, _ in groupby(logits.argmax(axis=-1).tolist()))
        joined = self.joiner.join(text for label in collapsed if (text := self.texts[label]) is not None)
        text = joined if self.word_start is None else joined.replace(self.word_start, " ")
        cased = {"upper": text.upper, "lower": text.lower}.get(self.case or "", lambda: text)()
        return " ".join(cased.split())


def word_errors(*, reference: str, hypothesis: str) -> tuple[int, int]:
    """Return the Levenshtein distance of two transcripts in words, and the number of reference words."""
    expected, recognized = reference.split(), hypothesis.split()
    row = np.arange(len(recognized) + 1)
    for number, word in enumerate(expected, 1):
        above, row = row, np.empty_like(row)
        row[0] = number
        for place, other in enumerate(recognized, 1):
            row[place] = min(above[place] + 1, row[place - 1] + 1, above[place - 1] + (word != other))
    return int(row[-1]), len(expected)


class WordErrorRate:
    """Word error rates of the last utterance and of all utterances since the last reset.

    Attributes:
        last: word error rate of the last utterance as a fraction.
    """

    def __init__(self) -> None:
        """Set all counts to 0."""
        self.reset()

    def reset(self) -> None:
        """Reset all counts to 0."""
        self._errors = self._words = 0
        self.last = 0.0

    def update(self, *, reference: str, hypothesis: str) -> None:
        """Count the word errors of one utterance."""
        errors, words = word_errors(reference=reference, hypothesis=hypothesis)
        self._errors += errors
        self._words += words
        self.last = errors / max(1, words)

    @property
    def wer(self) -> float:
        """Word error rate of all utterances as a fraction; 0 if none has been counted."""
        return self._errors / max(1, self._words)
