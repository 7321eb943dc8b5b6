"""Word and token errors: counts from jiwer's alignment, and the headline WER from torchmetrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import jiwer

from wergate.evaluation.normalize import Rule


@dataclass(frozen=True)
class WordErrors:
    """Error counts of one utterance or of a corpus; counts can be added.

    An utterance with an empty reference, before or after normalization, has no words; its hypothesis is all insertions.
    """

    words: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    def __add__(self, other: WordErrors) -> WordErrors:
        """Return the sum of both counts."""
        return WordErrors(
            self.words + other.words,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )

    @property
    def errors(self) -> int:
        """Sum of substitutions, deletions and insertions."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def wer(self) -> float:
        """Errors divided by reference words, a fraction.

        Without reference words it is 0 if nothing was inserted, and infinite otherwise.
        """
        if self.words:
            return self.errors / self.words
        return float("inf") if self.insertions else 0.0


def count_word_errors(
    *, references: Sequence[str], hypotheses: Sequence[str], normalizer: Rule
) -> tuple[WordErrors, ...]:
    """Return the word errors of each utterance after normalization of references and hypotheses."""
    pairs = zip(references, hypotheses, strict=True)
    return tuple(_count(reference=normalizer(r), hypothesis=normalizer(h)) for r, h in pairs)


def count_token_errors(
    *, references: Sequence[str], hypotheses: Sequence[str], tokens: Callable[[str], Sequence[str]]
) -> tuple[WordErrors, ...]:
    """Return the token errors of each utterance; `words` of a count is then its number of tokens.

    Args:
        tokens: splits a text into tokens; applied to references and hypotheses.
    """
    pairs = zip(references, hypotheses, strict=True)
    return tuple(_count(reference=_as_words(tokens(r)), hypothesis=_as_words(tokens(h))) for r, h in pairs)


def count_character_errors(*, references: Sequence[str], hypotheses: Sequence[str]) -> list[int]:
    """Return the character errors of each utterance; with an empty reference, every character is an error."""
    return [_character_errors(reference=r, hypothesis=h) for r, h in zip(references, hypotheses, strict=True)]


def _character_errors(*, reference: str, hypothesis: str) -> int:
    if not reference:
        return len(hypothesis)
    output = jiwer.process_characters(reference, hypothesis)
    return int(output.substitutions + output.deletions + output.insertions)


def _as_words(tokens: Sequence[str]) -> str:
    """Return a text with one word per token; equal tokens become equal words, even if they contain white space."""
    return " ".join("".join(f"{ord(character):x}." for character in token) for token in tokens)


def _count(*, reference: str, hypothesis: str) -> WordErrors:
    if not reference:
        return WordErrors(insertions=len(hypothesis.split()))
    output = jiwer.process_words(reference, hypothesis)
    words = output.hits + output.substitutions + output.deletions
    return WordErrors(words, output.substitutions, output.deletions, output.insertions)


def place_errors(*, references: Sequence[str], hypotheses: Sequence[str], normalizer: Rule) -> list[list[int]]:
    """Return the number of errors in each place of each utterance, after normalization.

    Even places lie before, between and after the words, and count insertions. Odd places are the words: 1 if the word
    was substituted or deleted, else 0.
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


def align_words(*, reference: Sequence[str], hypothesis: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of a reference word and the word written for it; "" stands for no word on that side."""
    if not reference:
        return [("", word) for word in hypothesis]
    pairs: list[tuple[str, str]] = []
    for chunk in jiwer.process_words(" ".join(reference), " ".join(hypothesis)).alignments[0]:
        expected = reference[chunk.ref_start_idx : chunk.ref_end_idx]
        written = hypothesis[chunk.hyp_start_idx : chunk.hyp_end_idx]
        pairs += zip_longest(expected, written, fillvalue="")
    return pairs


def align_characters(*, reference: str, hypothesis: str) -> list[tuple[str, str]]:
    """Return pairs of a reference character and the character written for it; "" stands for none on that side."""
    if not reference:
        return [("", character) for character in hypothesis]
    pairs: list[tuple[str, str]] = []
    output = jiwer.process_characters(reference, hypothesis)
    for chunk in output.alignments[0]:
        expected = output.references[0][chunk.ref_start_idx : chunk.ref_end_idx]
        written = output.hypotheses[0][chunk.hyp_start_idx : chunk.hyp_end_idx]
        pairs += zip_longest(expected, written, fillvalue="")
    return pairs


def headline_wer(*, references: Sequence[str], hypotheses: Sequence[str], normalizer: Rule) -> float | None:
    """Return the corpus WER by torchmetrics, a fraction: total errors over total words.

    Without words, it follows the definition of `WordErrors.wer`.

    None without torchmetrics, which needs PyTorch: ONNX models and candidates are gated without either.
    """
    try:
        from torchmetrics.text import WordErrorRate
    except ModuleNotFoundError:
        return None
    predicted, expected = [normalizer(text) for text in hypotheses], [normalizer(text) for text in references]
    if not any(expected):
        return float("inf") if any(predicted) else 0.0
    metric = WordErrorRate()
    metric.update(predicted, expected)
    return float(metric.compute())


def show_alignment(*, reference: str, hypothesis: str) -> str:
    """Return both transcripts aligned word by word, with a line below that marks the errors."""
    if not reference or not hypothesis:
        return f"REF: {reference or '(nothing)'}\nHYP: {hypothesis or '(nothing)'}"
    aligned = jiwer.visualize_alignment(jiwer.process_words(reference, hypothesis), show_measures=False)
    return "\n".join(line for line in aligned.splitlines() if line.strip() and not line.startswith("==="))
