"""INT8 on other instruction sets, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.table import Table

from wergate.evaluation.rows import LogitsRow
from wergate.formatting import new_table
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
_SHOWN = 3  # primitives, the heaviest; the results have all


def portability_tables(rows: Sequence[PortabilityRow]) -> Iterator[Table]:
    """Yield one table per model, corpus and variant, with one row per instruction set, and those of what was tried."""
    for (model, corpus, variant), block in groupby(sorted(rows, key=_cell), key=_cell):
        found = list(block)
        table = new_table(f"{model} {variant} on {corpus}, by instruction set", "runs on", _COLUMNS)
        for row in found:
            table.add_row(_place(row), *_figures(row))
        yield table
        yield from (_fixes_table(row) for row in found if row.fixes)


def portability_lines(rows: Sequence[PortabilityRow]) -> Iterator[str]:
    """Yield what each instruction set was seen to execute, or why this machine cannot show it, once for all corpora."""
    for row in rows:
        told = f"not shown: {row.skipped}" if row.skipped else f"executes {_executed(row.executed)}"
        yield f"{row.model} {row.variant} on {_place(row)}: {told}"


def portable_lines(rows: Sequence[PortabilityRow]) -> Iterator[str]:
    """Yield each model's verdict over all corpora: where it holds, and where this machine cannot tell."""
    for model, variant in dict.fromkeys((row.model, row.variant) for row in rows):
        found: dict[str, set[str]] = {}
        for row in rows:
            if (row.model, row.variant) == (model, variant):
                found.setdefault(_place(row), set()).add(row.status or _SKIPPED)
        worst = {place: next(status for status in _TOLD if status in seen) for place, seen in found.items()}
        verdict = next(told for status, (told, _) in _TOLD.items() if status in worst.values())
        parts = [
            f"{_TOLD[wanted][1]} {', '.join(place for place, status in worst.items() if status == wanted)}"
            for wanted in (Status.PASS, Status.INCONCLUSIVE, Status.FAIL, _SKIPPED)
            if wanted in worst.values()
        ]
        yield f"{model} {variant} is {verdict}: {'; '.join(parts)}"


def _place(row: PortabilityRow) -> str:
    """Return the instruction set, and the inference precision where it is not the usual one."""
    return row.isa if row.inference_precision == "f32" else f"{row.isa} {row.inference_precision}"


def _executed(primitives: Sequence[PrimitiveRow]) -> str:
    shares: dict[str, float] = {}
    for primitive in primitives:
        shares[primitive.name] = shares.get(primitive.name, 0.0) + primitive.share
    heaviest = sorted(shares.items(), key=lambda found: -found[1])
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in heaviest[:_SHOWN])


def _cell(row: PortabilityRow) -> tuple[str, str, str]:
    return row.model, row.corpus, row.variant


def _figures(row: PortabilityRow) -> tuple[str, ...]:
    if row.candidate is None or row.logits is None or row.against_native is None:
        return *("" for _ in _COLUMNS[1:]), "skipped"
    return (
        _percent(row.candidate.wer),
        _signed(row.drop),
        _signed(row.loss),
        _db(row.logits),
        f"{100 * row.logits.argmax_agreement:.2f}",
        f"{100 * (1 - row.against_native.argmax_agreement):.2f}",
        row.status or "",
    )


def _fixes_table(row: PortabilityRow) -> Table:
    title = f"{row.model} {row.variant} on {row.corpus}, {row.isa}: quantization.overflow_fix"
    table = new_table(title, "setting", _FIX_COLUMNS)
    for fix in row.fixes:
        figures = _percent(fix.candidate.wer), _signed(fix.loss), _db(fix.logits)
        table.add_row(fix.setting, *figures, f"{100 * fix.logits.argmax_agreement:.2f}", _speed(fix))
    return table


def _speed(fix: OverflowFixRow) -> str:
    if fix.speed is None or fix.speed_interval is None:
        return "1"
    return f"{fix.speed:.2f} ({fix.speed_interval.low:.2f} to {fix.speed_interval.high:.2f})"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.2f}"


def _db(logits: LogitsRow) -> str:
    return "inf" if logits.sqnr_db is None else f"{logits.sqnr_db:.1f}"
