"""The shape of the errors, as the rows of the results."""

from __future__ import annotations

from wergate.evaluation.rows import ResultRow, finite
from wergate.gates.error_shape.shape import ErrorShape, Range, Rise, Worst


class RiseRow(ResultRow):
    """A rate of both sides over that many words or characters; `chance` is two standard errors, null where unknown."""

    reference: float
    candidate: float
    units: int
    utterances: int
    chance: float | None


class RangeRow(ResultRow):
    """The word error rate of utterances from `low_s`, below `high_s` seconds (null: any)."""

    low_s: float
    high_s: float | None
    name: str
    wer: RiseRow


class WorstRow(ResultRow):
    """The utterance with the worst value; null where that is not finite."""

    id: str
    value: float | None


class ShapeRow(ResultRow):
    """The shape of the errors beside the reference recognizer's; lengths are characters of all normalized texts."""

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
    """Return the row of a shape."""
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
