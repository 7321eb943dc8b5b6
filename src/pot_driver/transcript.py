"""Logits to text to word errors, in the few lines that POT's metric needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Speller:
    """How a sequence of labels is written.

    Attributes:
        texts: what each label stands for; None: nothing, as of the CTC blank.
        joiner: stands between two labels.
        word_start: what a label begins with that begins a word, where there is such a thing.
        case: "upper" or "lower", in which all is written; None: as it is.
    """

    texts: Sequence[str | None]
    joiner: str
    word_start: str | None
    case: str | None

    def transcript(self, logits: npt.NDArray[Any]) -> str:
        """Return the greedy CTC transcript of one utterance: logits of shape (frames, vocabulary)."""
        collapsed = (label for label, _ in groupby(logits.argmax(axis=-1).tolist()))
        said = self.joiner.join(text for label in collapsed if (text := self.texts[label]) is not None)
        text = said if self.word_start is None else said.replace(self.word_start, " ")
        cased = {"upper": text.upper, "lower": text.lower}.get(self.case or "", lambda: text)()
        return " ".join(cased.split())


def word_errors(*, reference: str, hypothesis: str) -> tuple[int, int]:
    """Return the word errors of a hypothesis, by Levenshtein's distance, and the words of the reference."""
    said, heard = reference.split(), hypothesis.split()
    row = np.arange(len(heard) + 1)
    for number, word in enumerate(said, 1):
        above, row = row, np.empty_like(row)
        row[0] = number
        for place, other in enumerate(heard, 1):
            row[place] = min(above[place] + 1, row[place - 1] + 1, above[place - 1] + (word != other))
    return int(row[-1]), len(said)


class WordErrorRate:
    """Errors over words, of the last utterance and of all since the last reset."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.reset()

    def reset(self) -> None:
        """Forget what was counted."""
        self._errors = self._words = 0
        self.last = 0.0

    def update(self, *, reference: str, hypothesis: str) -> None:
        """Count one utterance."""
        errors, words = word_errors(reference=reference, hypothesis=hypothesis)
        self._errors += errors
        self._words += words
        self.last = errors / max(1, words)

    @property
    def wer(self) -> float:
        """Word error rate of all utterances; 0 where none was counted."""
        return self._errors / max(1, self._words)
