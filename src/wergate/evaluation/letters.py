"""Letters of the references, and what a recognizer writes for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import scipy  # `scipy.special` loads on first use, and in a fraction of the time of `scipy.stats`

from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.wer import align_characters
from wergate.networks.alphabet import Alphabet

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class LetterCounts:
    """Counts of what is written for each letter of the references; "" stands for nothing.

    Attributes:
        written: count of each character that is written for a letter, by letter.
    """

    written: Mapping[str, Counter[str]]

    @property
    def occurrences(self) -> Mapping[str, int]:
        """Number of occurrences in the references, by letter."""
        return {letter: counts.total() for letter, counts in self.written.items()}

    def hits(self, letter: str) -> int:
        """Return how often a letter is written where it was said."""
        return self.written[letter][letter]

    def recall(self, letter: str) -> float:
        """Return the share of a letter's occurrences that are written."""
        return self.hits(letter) / self.written[letter].total()

    def recall_bound(self, letter: str) -> float:
        """Return the upper end of the 95 % interval of a letter's recall (Clopper and Pearson, one-sided)."""
        hits, said = self.hits(letter), self.written[letter].total()
        return 1.0 if hits == said else float(scipy.special.betaincinv(hits + 1, said - hits, _CONFIDENCE))

    def most_written_for(self, letter: str) -> str:
        """Return the other character that is most often written for a letter; empty if it is mostly left out."""
        others = Counter({character: count for character, count in self.written[letter].items() if character != letter})
        return others.most_common(1)[0][0] if others else ""


def reference_letters(evaluation: Evaluation) -> LetterCounts:
    """Count what the reference model writes for each letter that it can write, after normalization."""
    normalizer, alphabet = NORMALIZERS[evaluation.normalizer], evaluation.variant.frontend.alphabet
    pairs = ((normalizer(o.text), normalizer(o.reference_hypothesis)) for o in evaluation.outcomes)
    counts = count_letters(pairs)
    return LetterCounts({letter: found for letter, found in counts.written.items() if _can_write(alphabet, letter)})


def _can_write(alphabet: Alphabet, letter: str) -> bool:
    return any(not alphabet.unknown_characters(form) for form in (letter, letter.lower(), letter.upper()))


def count_letters(pairs: Iterable[tuple[str, str]]) -> LetterCounts:
    """Count what is written for each letter.

    Args:
        pairs: reference and hypothesis of each utterance.
    """
    written: dict[str, Counter[str]] = {}
    for reference, hypothesis in pairs:
        for expected, found in align_characters(reference=reference, hypothesis=hypothesis):
            if expected.isalpha():
                written.setdefault(expected, Counter())[found] += 1
    return LetterCounts(written)
