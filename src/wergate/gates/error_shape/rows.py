"""Rows of the results with the error shape."""

from __future__ import annotations

from wergate.evaluation.rows import ResultRow, finite
from wergate.gates.error_shape.shape import ErrorShape, Range, Rise, Worst


class RiseRow(ResultRow):
    """An error rate of the reference recognizer and of the candidate.

    `units` is the number of words or characters, `chance` two standard errors of the rise, or null if unknown.
    """

    reference: float
    candidate: float
    units: int
    utterances: int
    chance: float | None


class RangeRow(ResultRow):
    """Word error rate of utterances of at least `low_s` and less than `high_s` seconds (null: no upper bound)."""

    low_s: float
    high_s: float | None
    name: str
    wer: RiseRow


class WorstRow(ResultRow):
    """Utterance with the worst value; `value` is null if it is not finite."""

    id: str
    value: float | None


class ShapeRow(ResultRow):
    """Error shape of a variant compared with the reference recognizer.

    Lengths are numbers of characters in all normalized texts; `worse` and `better` are numbers of utterances.
    """

    deletions: RiseRow
    insertions: RiseRow
    characters: RiseRow
    ranges: list[RangeRow]
    text_length: int
    reference_length: int
    candidate_length: int
    worse: int
    better: int
    worst_rise: WorstRow
    worst_sqnr_db: WorstRow


def shape_row(shape: ErrorShape) -> ShapeRow:
    """Return the row of an error shape."""
    return ShapeRow(
        deletions=_rise_row(shape.deletions),
        insertions=_rise_row(shape.insertions),
        characters=_rise_row(shape.characters),
        ranges=[_range_row(part) for part in shape.ranges],
        text_length=shape.lengths.text,
        reference_length=shape.lengths.reference,
        candidate_length=shape.lengths.candidate,
        worse=shape.worse,
        better=shape.better,
        worst_rise=_worst_row(shape.worst_rise),
        worst_sqnr_db=_worst_row(shape.worst_sqnr),
    )


def _rise_row(rise: Rise) -> RiseRow:
    return RiseRow(
        reference=rise.reference,
        candidate=rise.candidate,
        units=rise.units,
        utterances=rise.utterances,
        chance=finite(rise.chance),
    )


def _range_row(part: Range) -> RangeRow:
    return RangeRow(low_s=part.low_s, high_s=finite(part.high_s), name=part.name, wer=_rise_row(part.wer))


def _worst_row(worst: Worst) -> WorstRow:
    return WorstRow(id=worst.id, value=finite(worst.value))
