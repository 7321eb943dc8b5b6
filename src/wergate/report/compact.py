"""The end of a run on a screen: one table of words, one of speed, and lines of a fixed width."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table

from wergate.evaluation.rows import WordErrorRow
from wergate.formatting import decibels, interval, percent, signed_percent, word_errors
from wergate.report.evaluation_rows import EvaluationRow, PairedRow, by_cell
from wergate.report.exit_code import Cause, meaning_of, status_of
from wergate.report.failures import claim_and_remedy
from wergate.report.layer_names import short_layer_names
from wergate.report.verdict_rows import VerdictRow
from wergate.timing.rows import RatioRow
from wergate.verdict import Status

LINES_MAX = 38  # of this suite; pytest's line above and below makes 40
ROWS_MAX = 12  # of a table, before the rest is only counted
_INDENT = "  "


@dataclass(frozen=True)
class _Group:
    """Rows of a table under a title of their own, which takes the whole width."""

    title: str
    rows: Sequence[tuple[str, ...]]


def headline(code: int, verdicts: Sequence[VerdictRow]) -> str:
    """Return the verdict on a run in one line, with the number of gates behind it."""
    counts = Counter(row.status for row in verdicts)
    status = status_of(code, undecided=bool(counts[Status.INCONCLUSIVE]))
    if status is Status.PASS:
        return f"{status}: all {len(verdicts)} gates passed" if verdicts else f"{status}: no gate ran"
    words = {Status.PASS: "passed", Status.FAIL: "failed", Status.INCONCLUSIVE: "undecided"}
    gates = ", ".join(f"{counts[status]} {words[status]}" for status in Status if counts[status])
    why = "" if status is Status.INCONCLUSIVE else f"{meaning_of(code)}; "
    return f"{status}: {why}gates: {gates or 'none'} (exit code {code})"


_NEXT = {
    Cause.SETUP: "correct the mistake that the line with ERROR names",
    Cause.UNEXPLAINED: "read the traceback above: a test failed, but not by a gate",
    Cause.ACCURACY: "follow the remedy of gate 1, then run again; --details prints every table",
    Cause.LATENCY: "follow the remedy of gate 1, then run again; --details prints every table",
    Cause.INCONCLUSIVE: "get more evidence, as each line says, or accept undecided accuracy with --allow-inconclusive",
}


def next_step(code: int, *, undecided: bool, exported: bool) -> str:
    """Return what people do after a run with this exit code.

    Args:
        undecided: whether a gate is INCONCLUSIVE.
        exported: whether --export was given.
    """
    if code != 0:
        return next((step for cause, step in _NEXT.items() if cause == code), "run again: this run has no verdict")
    if undecided:
        return "run again on a quiet machine; --strict fails a run whose latency is undecided"
    return "--details prints every table" if exported else "--export DIR writes the IRs; --details prints every table"


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
            f"{row.utterances - len(row.mismatches)}/{row.utterances}",
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
        f"{row.ratio:.2f} ({interval(row.interval)})",
        f"{row.slow}, {row.slow_ms:.1f} ms",
    )


def _grouped(first: str, columns: Sequence[str], groups: Sequence[_Group], width: int) -> list[str]:
    """Return a table whose groups have a title line each, as lines without trailing blanks."""
    if not groups:
        return []
    shown = list(_cut(groups))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column(first, no_wrap=True, overflow="ellipsis")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for group in shown:
        for name, *cells in group.rows:
            table.add_row(f"{_INDENT}{name}", *cells)
    stream = StringIO()
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


def failure_lines(number: int, row: VerdictRow, width: int) -> list[str]:
    """Return a failed gate: what was measured, and its remedy on a line of its own."""
    claim, remedy = claim_and_remedy(row)
    margin = " " * (len(f"{number}") + 2)
    lines = wrapped(f"{number}. {row.status} {short_layer_names(claim)}", width, margin)
    return lines + (wrapped(f"{margin}do: {short_layer_names(remedy)}", width, f"{margin}    ") if remedy else [])


def undecided_lines(rows: Sequence[VerdictRow], width: int) -> Iterator[list[str]]:
    """Yield for each undecided gate that fails nothing what was measured, and why that does not decide it."""
    for row in rows:
        bounds = f" ({interval(row.interval)})" if row.interval else ""
        value = "not finite" if row.value is None else f"{row.value:.2f}"
        reason = claim_and_remedy(row)[1]
        scope = row.line.partition(" [")[2].partition("]")[0]
        text = (
            f"{row.subject} {row.gate}={value}{bounds}, {row.relation} {row.threshold:.4g} wanted [{scope}]: {reason}"
        )
        yield wrapped(f"undecided: {text}", width)


def fitted(blocks: Sequence[list[str]], room: int, what: str) -> list[str]:
    """Return as many blocks of lines as there is room for, the first one always, and how many were left out."""
    lines: list[str] = []
    for number, block in enumerate(blocks):
        rest = len(blocks) - number
        if lines and len(lines) + len(block) + (rest > 1) > room:
            return [*lines, f"{rest} more {what}: --details"]
        lines += block
    return lines


def wrapped(text: str, width: int, indent: str = _INDENT) -> list[str]:
    """Return a sentence in lines of at most that width; names and paths are never broken at a hyphen."""
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)
