"""Word and token errors: counted by jiwer's alignment, with torchmetrics' WordErrorRate as the headline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jiwer

from wergate.evaluation.normalize import Rule


@dataclass(frozen=True)
class WordErrors:
    """Counts of one utterance or of a corpus; two of them add up.

    An utterance whose reference is empty, or that the normalizer empties, has no words; what was heard are insertions.
    """

    words: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    def __add__(self, other: WordErrors) -> WordErrors:
        """Return the counts of both together."""
        return WordErrors(
            self.words + other.words,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def wer(self) -> float:
        """Errors over reference words, a fraction.

        Without reference words: 0 where nothing was inserted, else infinite.
        """
        if self.words:
            return self.errors / self.words
        return float("inf") if self.insertions else 0.0


def count_word_errors(
    *, references: Sequence[str], hypotheses: Sequence[str], normalizer: Rule
) -> tuple[WordErrors, ...]:
    """Return the counts of each utterance, both sides normalized alike."""
    pairs = zip(references, hypotheses, strict=True)
    return tuple(_count(reference=normalizer(r), hypothesis=normalizer(h)) for r, h in pairs)


def count_token_errors(
    *, references: Sequence[str], hypotheses: Sequence[str], tokens: Callable[[str], Sequence[str]]
) -> tuple[WordErrors, ...]:
    """Return the counts of each utterance in tokens (`words` are tokens then), both sides cut alike."""
    pairs = zip(references, hypotheses, strict=True)
    return tuple(_count(reference=_as_words(tokens(r)), hypothesis=_as_words(tokens(h))) for r, h in pairs)


def count_character_errors(*, references: Sequence[str], hypotheses: Sequence[str]) -> list[int]:
    """Return each utterance's character errors; of an empty reference every character heard is one."""
    return [_character_errors(reference=r, hypothesis=h) for r, h in zip(references, hypotheses, strict=True)]


def _character_errors(*, reference: str, hypothesis: str) -> int:
    if not reference:
        return len(hypothesis)
    output = jiwer.process_characters(reference, hypothesis)
    return int(output.substitutions + output.deletions + output.insertions)


def _as_words(tokens: Sequence[str]) -> str:
    """Write a word for each token, equal ones for equal ones, whatever white space is in them."""
    return " ".join("".join(f"{ord(character):x}." for character in token) for token in tokens)


def _count(*, reference: str, hypothesis: str) -> WordErrors:
    if not reference:
        return WordErrors(insertions=len(hypothesis.split()))
    output = jiwer.process_words(reference, hypothesis)
    words = output.hits + output.substitutions + output.deletions
    return WordErrors(words, output.substitutions, output.deletions, output.insertions)


def place_errors(*, references: Sequence[str], hypotheses: Sequence[str], normalizer: Rule) -> list[list[int]]:
    """Return where the errors of each utterance are, both sides normalized alike.

    Even places are those before, between and behind the words, with what was inserted there; odd places are the words,
    with 1 where one was substituted or deleted.
    """
    pairs = zip(references, hypotheses, strict=True)
    return [_places(reference=normalizer(r), hypothesis=normalizer(h)) for r, h in pairs]


def _places(*, reference: str, hypothesis: str) -> list[int]:
    if not reference:
        return [len(hypothesis.split())]
    output = jiwer.process_words(reference, hypothesis)
    places = [0] * (2 * len(output.references[0]) + 1)
    for chunk in output.alignments[0]:
        if chunk.type == "insert":
            places[2 * chunk.ref_start_idx] += chunk.hyp_end_idx - chunk.hyp_start_idx
        elif chunk.type != "equal":
            for word in range(chunk.ref_start_idx, chunk.ref_end_idx):
                places[2 * word + 1] = 1
    return places


def headline_wer(*, references: Sequence[str], hypotheses: Sequence[str], normalizer: Rule) -> float:
    """Return torchmetrics' corpus WER, a fraction: total errors over total words; without words as `WordErrors.wer`."""
    from torchmetrics.text import WordErrorRate

    predicted, expected = [normalizer(text) for text in hypotheses], [normalizer(text) for text in references]
    if not any(expected):
        return float("inf") if any(predicted) else 0.0
    metric = WordErrorRate()
    metric.update(predicted, expected)
    return float(metric.compute())


def show_alignment(*, reference: str, hypothesis: str) -> str:
    """Return both transcripts aligned word by word, with a line that marks the errors."""
    if not reference or not hypothesis:
        return f"REF: {reference or '(nothing)'}\nHYP: {hypothesis or '(nothing)'}"
    aligned = jiwer.visualize_alignment(jiwer.process_words(reference, hypothesis), show_measures=False)
    return "\n".join(line for line in aligned.splitlines() if line.strip() and not line.startswith("==="))
