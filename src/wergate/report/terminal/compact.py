"""The two tables at the end of a run, one of words and one of speed, and sentences in lines of a fixed width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from wergate.evaluation.rows import WordErrorRow
from wergate.formatting import decibels, interval, percent, signed_percent, word_errors
from wergate.report.rows.evaluation import EvaluationRow, PairedRow, by_cell
from wergate.timing.rows import RatioRow

if TYPE_CHECKING:
    pass

ROWS_MAX = 12  # of a table, before the rest is only counted
_INDENT = "  "
_UNKNOWN = 4  # an interval whose ends differ by this factor does not say which side is faster, or by how much


@dataclass(frozen=True)
class _Group:
    """Rows of a table under a title of their own, which takes the whole width."""

    title: str
    rows: Sequence[tuple[str, ...]]


def wer_table(evaluations: Sequence[EvaluationRow], width: int) -> list[str]:
    """Return the table of word errors: reference model and variants, grouped by model and corpus."""
    tokens = any(row.tokens for row in evaluations)
    columns = ("WER %", "S/D/I", *(["TER %"] if tokens else []), "drop (95 % interval)", "same text", "SQNR dB")
    groups = [
        _Group(f"{rows[0].model} on {rows[0].corpus}", list(_wer_rows(rows, tokens=tokens)))
        for rows in by_cell(evaluations)
    ]
    return _grouped("variant", columns, groups, width)


def _wer_rows(rows: Sequence[EvaluationRow], *, tokens: bool) -> Iterator[tuple[str, ...]]:
    first = rows[0]
    yield (first.engine, *word_errors(first.reference), *_token_rate(first, tokens=tokens, side="reference"))
    for row in rows:
        yield (
            row.label,
            *word_errors(row.candidate),
            *_token_rate(row, tokens=tokens, side="candidate"),
            _drop(row.paired),
            row.same_text,
            decibels(row.logits.sqnr_db),
        )


def _token_rate(row: EvaluationRow, *, tokens: bool, side: str) -> tuple[str, ...]:
    if not tokens:
        return ()
    errors: WordErrorRow | None = getattr(row.tokens, side) if row.tokens else None
    return ("" if errors is None else percent(errors.wer),)


def _drop(row: PairedRow) -> str:
    low, high = (signed_percent(bound) for bound in (row.interval.low, row.interval.high))
    return f"{signed_percent(row.drop)} ({low} to {high})"


def speed_table(ratios: Sequence[RatioRow], width: int) -> list[str]:
    """Return the table of speed-ups, grouped by model; a star marks a noisy measurement."""
    confidence = f"{100 * ratios[0].interval.confidence:g} % interval" if ratios else ""
    columns = ("length", "ms", f"speed-up ({confidence})", "compared with")
    models = dict.fromkeys(row.model for row in ratios)
    groups = [_Group(model, [_speed_row(row) for row in ratios if row.model == model]) for model in models]
    return _grouped("variant", columns, groups, width)


def _speed_row(row: RatioRow) -> tuple[str, ...]:
    return (
        f"{row.fast}{' *' if row.noise else ''}",
        f"{row.duration_s:g} s",
        f"{row.fast_ms:.1f}",
        _ratio(row),
        f"{row.slow}, {row.slow_ms:.1f} ms",
    )


def _ratio(row: RatioRow) -> str:
    """Return a speed-up with its interval, or "unknown" if that is too wide to say anything."""
    low, high = row.interval.low, row.interval.high
    if low is None or high is None or high > _UNKNOWN * low:
        return "unknown"
    return f"{row.ratio:.2f} ({interval(row.interval)})"


def _grouped(first: str, columns: Sequence[str], groups: Sequence[_Group], width: int) -> list[str]:
    """Return a table whose groups have a title line each, as lines without trailing blanks."""
    if not groups:
        return []
    shown = list(_cut(groups))
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column(first, no_wrap=True, overflow="ellipsis")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for group in shown:
        for name, *cells in group.rows:
            table.add_row(f"{_INDENT}{name}", *cells)
    stream = StringIO()
    from rich.console import Console

    Console(file=stream, width=width, color_system=None, highlight=False).print(table)
    lines = [line.rstrip() for line in stream.getvalue().splitlines() if line.strip()]
    head, body = lines[:2], iter(lines[2:])
    for group in shown:
        head += [f" {group.title}"[:width], *(next(body) for _ in group.rows)]
    hidden = sum(len(group.rows) for group in groups) - sum(len(group.rows) for group in shown)
    return ["", *head, *([f" {hidden} more rows: --details"] if hidden else [])]


def _cut(groups: Sequence[_Group]) -> Iterator[_Group]:
    room = ROWS_MAX
    for group in groups:
        rows = group.rows[:room]
        room -= len(rows)
        if rows:
            yield _Group(group.title, rows)


def wrapped(text: str, width: int, indent: str = _INDENT) -> list[str]:
    """Return a sentence in lines of at most that width; names and paths are never broken at a hyphen."""
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)
