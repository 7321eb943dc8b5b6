"""INT8 on other instruction sets, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from rich.table import Table

from wergate.formatting import decibels, interval, new_table, percent, signed_percent
from wergate.studies.portability.rows import OverflowFixRow, PortabilityRow, PrimitiveRow
from wergate.verdict import Status

# "differs" is the share of argmaxes that are not those on the native instruction set
_COLUMNS = ("WER %", "drop", "loss", "SQNR", "argmax", "differs", "verdict")
_FIX_COLUMNS = ("WER %", "loss", "SQNR", "argmax", "times as fast")
_SKIPPED = "skipped"
_TOLD = {  # what is told of a model and of an instruction set, the worst first
    Status.FAIL: ("not portable", "fails on"),
    Status.INCONCLUSIVE: ("portable or not, nothing settles it", "open on"),
    Status.PASS: ("portable", "holds on"),
    _SKIPPED: ("not shown", "not shown on"),
}
_CELL = attrgetter("model", "corpus", "variant")
_SHOWN = 3  # primitives, the heaviest; the results have all


def portability_tables(rows: Sequence[PortabilityRow]) -> Iterator[Table]:
    """Yield one table per model, corpus and variant, with one row per instruction set, and those of what was tried."""
    for (model, corpus, variant), block in groupby(sorted(rows, key=_CELL), key=_CELL):
        found = list(block)
        table = new_table(f"{model} {variant} on {corpus}, by instruction set", "runs on", _COLUMNS)
        for row in found:
            table.add_row(_target(row), *_figures(row))
        yield table
        yield from (_fixes_table(row) for row in found if row.fixes)


def portability_lines(rows: Sequence[PortabilityRow]) -> Iterator[str]:
    """Yield what each instruction set was seen to execute, or why this machine cannot show it, once for all corpora."""
    for row in rows:
        told = f"not shown: {row.skipped}" if row.skipped else f"executes {_executed(row.executed)}"
        yield f"{row.model} {row.variant} on {_target(row)}: {told}"


def portable_lines(rows: Sequence[PortabilityRow]) -> Iterator[str]:
    """Yield each model's verdict over all corpora: where it holds, and where this machine cannot tell."""
    for model, variant in dict.fromkeys((row.model, row.variant) for row in rows):
        found: dict[str, set[str]] = {}
        for row in rows:
            if (row.model, row.variant) == (model, variant):
                found.setdefault(_target(row), set()).add(row.status or _SKIPPED)
        worst = {target: next(status for status in _TOLD if status in seen) for target, seen in found.items()}
        verdict = next(told for status, (told, _) in _TOLD.items() if status in worst.values())
        parts = [
            f"{_TOLD[wanted][1]} {', '.join(place for place, status in worst.items() if status == wanted)}"
            for wanted in (Status.PASS, Status.INCONCLUSIVE, Status.FAIL, _SKIPPED)
            if wanted in worst.values()
        ]
        yield f"{model} {variant} is {verdict}: {'; '.join(parts)}"


def _target(row: PortabilityRow) -> str:
    """Return the instruction set, and the inference precision where it is not the usual one."""
    return row.isa if row.inference_precision == "f32" else f"{row.isa} {row.inference_precision}"


def _executed(primitives: Sequence[PrimitiveRow]) -> str:
    shares: dict[str, float] = {}
    for primitive in primitives:
        shares[primitive.name] = shares.get(primitive.name, 0.0) + primitive.share
    heaviest = sorted(shares.items(), key=lambda found: -found[1])
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
