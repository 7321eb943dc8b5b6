"""The section on word errors: the table, and the drops with their intervals and tolerances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wergate.formatting import decibels, interval, percent, signed_percent, word_errors
from wergate.report.page.charts import Bar, Forest
from wergate.report.page.gates import STATES
from wergate.report.results import Results
from wergate.report.rows.evaluation import EvaluationRow, by_cell


@dataclass(frozen=True)
class WordRow:
    """A row of the table; `state` is empty for the reference model."""

    name: str
    wer: str
    counts: tuple[int, int, int]
    drop: str = ""
    same: str = ""
    sqnr: str = ""
    argmax: str = ""
    state: str = ""


@dataclass(frozen=True)
class WordTable:
    """The recognizers of one model on one corpus."""

    model: str
    corpus: str
    about: str
    rows: list[WordRow]


def word_tables(run: Results) -> Iterator[WordTable]:
    """Yield a table for each model and corpus."""
    for cell in by_cell(run.evaluations):
        first = cell[0]
        about = f"{first.utterances:,} utterances, {first.reference.words:,} words, {first.audio_s:,.0f} s of audio"
        rows = [WordRow(first.engine, percent(first.reference.wer), _counts(first, "reference"))]
        rows += [_row(row) for row in cell]
        yield WordTable(first.model, first.corpus, about, rows)


def _row(row: EvaluationRow) -> WordRow:
    bounds = interval(row.paired.interval, "+.2f", 100)
    return WordRow(
        row.label,
        word_errors(row.candidate)[0],
        _counts(row, "candidate"),
        f"{signed_percent(row.wer_drop)} ({bounds})",
        row.same_text,
        decibels(row.logits.sqnr_db),
        percent(row.logits.argmax_agreement),
        STATES[row.paired.status],
    )


def _counts(row: EvaluationRow, side: str) -> tuple[int, int, int]:
    errors = getattr(row, side)
    return errors.substitutions, errors.deletions, errors.insertions


def drops(run: Results) -> Forest | None:
    """Return the drops of all variants, in points; the limit of each is its tolerance."""
    bars = [
        Bar(
            f"{row.label}, {row.corpus}" + (f" ({row.model})" if len({r.model for r in run.evaluations}) > 1 else ""),
            f"{signed_percent(row.wer_drop)} points ({interval(row.paired.interval, '+.2f', 100)})",
            100 * row.wer_drop,
            _points(row.paired.interval.low),
            _points(row.paired.interval.high),
            100 * row.paired.tolerance,
            state=STATES[row.paired.status],
        )
        for cell in by_cell(run.evaluations)
        for row in cell
    ]
    title = "Rise of the word error rate over the reference model, in points, with its interval and its tolerance"
    return Forest(title, "points", bars, line=0.0, line_text="no change") if bars else None


def _points(fraction: float | None) -> float | None:
    return None if fraction is None else 100 * fraction
