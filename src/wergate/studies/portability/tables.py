"""Tables and lines of the portability study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from wergate.formatting import decibels, interval, new_table, percent, signed_percent
from wergate.studies.portability.rows import OverflowFixRow, PortabilityRow, PrimitiveRow
from wergate.verdict import Status

if TYPE_CHECKING:
    from rich.table import Table

# "differs" is the share of frames whose argmax is not that of the native instruction set
_COLUMNS = ("WER %", "drop", "loss", "SQNR", "argmax", "differs", "verdict")
_FIX_COLUMNS = ("WER %", "loss", "SQNR", "argmax", "speed-up")
_SKIPPED = "skipped"
_WORDING = {  # for a model and for an instruction set, the worst status first
    Status.FAIL: ("not portable", "fails on"),
    Status.INCONCLUSIVE: ("not proven portable", "inconclusive on"),
    Status.PASS: ("portable", "passes on"),
    _SKIPPED: ("not evaluated", "skipped on"),
}
_CELL = attrgetter("model", "corpus", "variant")
_SHOWN = 3  # primitives with the most work; the results file has all


def portability_tables(rows: Sequence[PortabilityRow]) -> Iterator[Table]:
    """Yield one table per model, corpus and variant, with a row per instruction set, and tables of the fixes tried."""
    for (model, corpus, variant), block in groupby(sorted(rows, key=_CELL), key=_CELL):
        by_target = list(block)
        table = new_table(f"{model} {variant} on {corpus}, by instruction set", "instruction set", _COLUMNS)
        for row in by_target:
            table.add_row(_target(row), *_figures(row))
        yield table
        yield from (_fixes_table(row) for row in by_target if row.fixes)


def portability_lines(rows: Sequence[PortabilityRow]) -> Iterator[str]:
    """Yield a line per row: the primitives that the instruction set executed, or why this machine cannot run it."""
    for row in rows:
        outcome = f"skipped: {row.skipped}" if row.skipped else f"executes {_executed(row.executed)}"
        yield f"{row.model} {row.variant} on {_target(row)}: {outcome}"


def portable_lines(rows: Sequence[PortabilityRow]) -> Iterator[str]:
    """Yield each variant's verdict over all corpora, with the instruction sets that pass, fail or were skipped."""
    for model, variant in dict.fromkeys((row.model, row.variant) for row in rows):
        statuses: dict[str, set[str]] = {}
        for row in rows:
            if (row.model, row.variant) == (model, variant):
                statuses.setdefault(_target(row), set()).add(row.status or _SKIPPED)
        worst = {target: next(status for status in _WORDING if status in seen) for target, seen in statuses.items()}
        verdict = next(wording for status, (wording, _) in _WORDING.items() if status in worst.values())
        parts = [
            f"{_WORDING[wanted][1]} {', '.join(target for target, status in worst.items() if status == wanted)}"
            for wanted in (Status.PASS, Status.INCONCLUSIVE, Status.FAIL, _SKIPPED)
            if wanted in worst.values()
        ]
        yield f"{model} {variant} is {verdict}: {'; '.join(parts)}"


def _target(row: PortabilityRow) -> str:
    """Return the instruction set, with any inference precision other than f32."""
    return row.isa if row.inference_precision == "f32" else f"{row.isa} {row.inference_precision}"


def _executed(primitives: Sequence[PrimitiveRow]) -> str:
    shares: dict[str, float] = {}
    for primitive in primitives:
        shares[primitive.name] = shares.get(primitive.name, 0.0) + primitive.share
    heaviest = sorted(shares.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {percent(share, 0)} %" for name, share in heaviest[:_SHOWN])


def _figures(row: PortabilityRow) -> tuple[str, ...]:
    if row.candidate is None or row.logits is None or row.against_native is None:
        return *("" for _ in _COLUMNS[1:]), "skipped"
    return (
        percent(row.candidate.wer),
        signed_percent(row.drop),
        signed_percent(row.loss),
        decibels(row.logits.sqnr_db),
        percent(row.logits.argmax_agreement),
        percent(1 - row.against_native.argmax_agreement),
        row.status or "",
    )


def _fixes_table(row: PortabilityRow) -> Table:
    title = f"{row.model} {row.variant} on {row.corpus}, {row.isa}: quantization.overflow_fix"
    table = new_table(title, "setting", _FIX_COLUMNS)
    for fix in row.fixes:
        words = percent(fix.candidate.wer), signed_percent(fix.loss)
        logits = decibels(fix.logits.sqnr_db), percent(fix.logits.argmax_agreement)
        table.add_row(fix.setting, *words, *logits, _speed(fix))
    return table


def _speed(fix: OverflowFixRow) -> str:
    if fix.speed is None or fix.speed_interval is None:
        return "1"
    return f"{fix.speed:.2f} ({interval(fix.speed_interval)})"
