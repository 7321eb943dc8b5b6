"""The shape of the errors, as the rows of the results."""

from __future__ import annotations

from wergate.error_shape import ErrorShape, Range, Rise, Worst
from wergate.evaluation.rows import finite
from wergate.results import RangeRow, RiseRow, ShapeRow, WorstRow


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
