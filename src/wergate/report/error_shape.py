"""The tables of the errors' shape, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.table import Table

from wergate.formatting import new_table
from wergate.gates.error_shape.rows import RiseRow
from wergate.report.rows import EvaluationRow

_COLUMNS = ("D %", "I %", "CER %", "length", "worse", "better", "worst", "SQNR")


def shape_tables(evaluations: Sequence[EvaluationRow]) -> Iterator[Table]:
    """Yield two tables per model and corpus: kinds of errors, and the word error rate by duration."""
    for (model, corpus), block in groupby(sorted(evaluations, key=_cell), key=_cell):
        rows = sorted(block, key=lambda row: row.variant)
        yield _kinds(rows, f"{model} on {corpus}: shape of the errors")
        yield _durations(rows, f"{model} on {corpus}: WER % and rise, by duration (words)")


def _cell(row: EvaluationRow) -> tuple[str, str]:
    return row.model, row.corpus


def _kinds(rows: Sequence[EvaluationRow], title: str) -> Table:
    table = new_table(title, "recognizer", _COLUMNS)
    first = rows[0].shape
    rates = (first.deletions, first.insertions, first.characters)
    table.add_row(
        rows[0].engine, *(_percent(rate.reference) for rate in rates), _ratio(first.reference_length, first.text_length)
    )
    for row in rows:
        shape = row.shape
        rates = (shape.deletions, shape.insertions, shape.characters)
        worst, sqnr = shape.worst_rise.value, shape.worst_sqnr_db.value
        table.add_row(
            row.label,
            *(_percent(rate.candidate) for rate in rates),
            _ratio(shape.candidate_length, shape.text_length),
            str(shape.worse),
            str(shape.better),
            "-" if worst is None else f"{100 * worst:+.0f} %",
            "inf" if sqnr is None else f"{sqnr:.1f}",
        )
    return table


def _durations(rows: Sequence[EvaluationRow], title: str) -> Table:
    ranges = rows[0].shape.ranges
    table = new_table(title, "recognizer", [f"{part.name} ({part.wer.units})" for part in ranges])
    table.add_row(rows[0].engine, *(_percent(part.wer.reference) for part in ranges))
    for row in rows:
        table.add_row(row.label, *(_change(part.wer) for part in row.shape.ranges))
    return table


def _change(rise: RiseRow) -> str:
    return f"{_percent(rise.candidate)} {100 * (rise.candidate - rise.reference):+.2f}"


def _percent(rate: float) -> str:
    return f"{100 * rate:.2f}"


def _ratio(length: int, expected: int) -> str:
    return f"{length / expected:.3f}" if expected else "-"
