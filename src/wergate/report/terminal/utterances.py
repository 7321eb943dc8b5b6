"""Utterances of a failed gate for people: reference, reference model and variant, word under word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.wer import WordErrors, align_words

_SHOWN = 3
_PARTS = 2  # lines of words that are shown of an utterance
_ABSENT = "-"


@dataclass(frozen=True)
class _Column:
    """A word of the reference, or a gap in it, and what two recognizers wrote there; "" stands for nothing."""

    text: str
    first: str
    second: str

    @property
    def mark(self) -> str:
        """S, D or I if the second one is wrong, in small letters if the first one is wrong as well."""
        if self.second == self.text:
            return ""
        kind = "I" if not self.text else "S" if self.second else "D"
        return kind if self.first == self.text else kind.lower()

    @property
    def width(self) -> int:
        return max(len(part) for part in (self.text, self.first, self.second, _ABSENT))

    @property
    def shown(self) -> bool:
        return bool(self.mark) or self.second != self.first


def worst_utterance_lines(evaluation: Evaluation, width: int) -> list[str]:
    """Return the utterances in which a variant loses most against the reference model, aligned; none that got better.

    Args:
        width: columns that a line may take.
    """
    engine, subject = evaluation.engine, evaluation.variant.subject
    lines = []
    no_better = [row for row in _worst(evaluation) if row[2].errors >= row[1].errors]
    for outcome, before, now in no_better[:_SHOWN]:
        lines.append(f"{outcome.id}: {_errors(now)}, {engine} {before.errors}")
        columns = _all_columns(evaluation, outcome)
        lines += [f"  {line}" for line in _aligned(columns, ("reference", engine, subject), width - 2)]
    return lines


def worse_utterances(evaluation: Evaluation) -> list[UtteranceOutcome]:
    """Return the utterances in which a variant has more word errors than the reference model, the worst first."""
    return [outcome for outcome, before, now in _worst(evaluation) if now.errors > before.errors]


def whole_utterance_lines(evaluation: Evaluation, outcome: UtteranceOutcome, width: int) -> list[str]:
    """Return an utterance with its errors and the places in which it is shown, aligned from its start to its end.

    Args:
        width: columns that a line may take.
    """
    number = evaluation.outcomes.index(outcome)
    before, now = evaluation.reference.errors[number], evaluation.candidate.errors[number]
    engine, subject = evaluation.engine, evaluation.variant.subject
    added = f"{now.errors - before.errors:+d} ({engine} {before.errors}, {subject} {now.errors})"
    columns = _all_columns(evaluation, outcome)
    return [
        f"{outcome.id}: word errors {added}",
        *(f"  {line}" for line in _aligned(columns, ("reference", engine, subject), width - 2, whole=True)),
    ]


def aligned_lines(
    texts: tuple[Sequence[str], Sequence[str], Sequence[str]], names: tuple[str, str, str], width: int
) -> list[str]:
    """Return the words of a reference and of two recognizers, word under word, where the two differ or the second errs.

    Args:
        texts: normalized words of the reference and of both recognizers.
        names: what each of them is called.
        width: columns that a line may take.
    """
    return list(_aligned(list(_columns(*texts)), names, width))


def _all_columns(evaluation: Evaluation, outcome: UtteranceOutcome) -> list[_Column]:
    normalizer = NORMALIZERS[evaluation.normalizer]
    texts = (outcome.text, outcome.reference_hypothesis, outcome.hypothesis)
    return list(_columns(*(normalizer(text).split() for text in texts)))


def _worst(evaluation: Evaluation) -> list[tuple[UtteranceOutcome, WordErrors, WordErrors]]:
    """Return the utterances with another transcript than the reference model's: most errors added first.

    The share of the words decides between equals, then the id, as on the report page.
    """
    rows = zip(evaluation.outcomes, evaluation.reference.errors, evaluation.candidate.errors, strict=True)
    changed = [(row, row[2].errors - row[1].errors) for row in rows if not row[0].matches]
    changed.sort(key=lambda one: (-one[1], -one[1] / max(1, one[0][2].words), one[0][0].id))
    return [row for row, _ in changed]


def _errors(found: WordErrors) -> str:
    return f"{found.errors} word error{'' if found.errors == 1 else 's'}"


def _columns(text: Sequence[str], first: Sequence[str], second: Sequence[str]) -> Iterator[_Column]:
    """Yield the columns of three transcripts: both recognizers' words where they belong in the reference."""
    sides = [_by_place(text, side) for side in (first, second)]
    for place in range(len(text) + 1):
        inserted = [side.inserted[place] for side in sides]
        for number in range(max(map(len, inserted))):
            yield _Column("", *(words[number] if number < len(words) else "" for words in inserted))
        if place < len(text):
            yield _Column(text[place], *(side.words[place] for side in sides))


@dataclass(frozen=True)
class _Placed:
    """The words that a recognizer wrote for each word of the reference, and those before each and after the last."""

    words: list[str]
    inserted: list[list[str]]


def _by_place(text: Sequence[str], hypothesis: Sequence[str]) -> _Placed:
    placed = _Placed([], [[] for _ in range(len(text) + 1)])
    for expected, written in align_words(reference=text, hypothesis=hypothesis):
        if expected:
            placed.words.append(written)
        else:
            placed.inserted[len(placed.words)].append(written)
    return placed


def _aligned(
    columns: Sequence[_Column], names: tuple[str, str, str], width: int, *, whole: bool = False
) -> Iterator[str]:
    """Yield the parts of an utterance in which the second recognizer errs or differs, four lines each.

    Args:
        whole: show every part; otherwise two at most.
    """
    margin = max(map(len, names)) + 2
    parts = [part for part in _wrapped(columns, width - margin) if whole or any(c.shown for c in part)]
    most = len(parts) if whole else _PARTS
    for part in parts[:most]:
        rows = ([c.text for c in part], [c.first for c in part], [c.second for c in part])
        for name, words in zip(names, rows, strict=True):
            cells = ((word or _ABSENT).ljust(c.width) for word, c in zip(words, part, strict=True))
            yield f"{name:{margin}}{' '.join(cells)}".rstrip()
        yield f"{'':{margin}}{' '.join(c.mark.ljust(c.width) for c in part)}".rstrip()
    if len(parts) > most:
        left = len(parts) - most
        yield f"... and {left} more line{'s' * (left > 1)} of this utterance"


def _wrapped(columns: Sequence[_Column], width: int) -> Iterator[list[_Column]]:
    part: list[_Column] = []
    for column in columns:
        if part and sum(c.width + 1 for c in part) + column.width > width:
            yield part
            part = []
        part.append(column)
    yield part
