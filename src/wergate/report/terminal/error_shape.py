"""Tables of the error shape for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wergate.formatting import decibels, new_table, percent, signed_percent
from wergate.gates.error_shape.rows import RiseRow
from wergate.report.rows.evaluation import EvaluationRow, by_cell

if TYPE_CHECKING:
    from rich.table import Table

_COLUMNS = ("D %", "I %", "CER %", "length", "worse", "better", "worst", "min SQNR")


def shape_tables(evaluations: Sequence[EvaluationRow]) -> Iterator[Table]:
    """Yield two tables per model and corpus: kinds of errors, and the word error rate by duration."""
    for rows in by_cell(evaluations):
        cell = f"{rows[0].model} on {rows[0].corpus}"
        yield _kinds(rows, f"{cell}: error shape")
        yield _durations(rows, f"{cell}: WER % and rise, by duration (words)")


def _kinds(rows: Sequence[EvaluationRow], title: str) -> Table:
    table = new_table(title, "variant", _COLUMNS)
    first = rows[0].shape
    rates = (first.deletions, first.insertions, first.characters)
    table.add_row(
        rows[0].engine, *(percent(rate.reference) for rate in rates), _ratio(first.reference_length, first.text_length)
    )
    for row in rows:
        shape = row.shape
        rates = (shape.deletions, shape.insertions, shape.characters)
        worst, sqnr = shape.worst_rise.value, shape.worst_sqnr_db.value
        table.add_row(
            row.label,
            *(percent(rate.candidate) for rate in rates),
            _ratio(shape.candidate_length, shape.text_length),
            str(shape.worse),
            str(shape.better),
            "-" if worst is None else f"{signed_percent(worst, 0)} %",
            decibels(sqnr),
        )
    return table


def _durations(rows: Sequence[EvaluationRow], title: str) -> Table:
    ranges = rows[0].shape.ranges
    table = new_table(title, "variant", [f"{part.name} ({part.wer.units})" for part in ranges])
    table.add_row(rows[0].engine, *(percent(part.wer.reference) for part in ranges))
    for row in rows:
        table.add_row(row.label, *(_rise(part.wer) for part in row.shape.ranges))
    return table


def _rise(rise: RiseRow) -> str:
    return f"{percent(rise.candidate)} {signed_percent(rise.candidate - rise.reference)}"


def _ratio(length: int, expected: int) -> str:
    return f"{length / expected:.3f}" if expected else "-"
