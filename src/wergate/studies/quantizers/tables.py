"""Table of the quantization variants; lines about the layers that accuracy control reverted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from wergate.formatting import decibels, new_table, percent, signed_percent
from wergate.studies.quantizers.rows import QuantizerRow, RevertedRow
from wergate.studies.sensitivity.tables import count_types

if TYPE_CHECKING:
    from rich.table import Table


def quantizer_tables(rows: Sequence[QuantizerRow]) -> Iterator[Table]:
    """Yield a table per model and corpus: accuracy, then size, build time and speed."""
    for (model, corpus), block in groupby(rows, lambda row: (row.model, row.corpus)):
        yield _table(f"{model} on {corpus}, by quantization variant", list(block))


def _table(title: str, rows: Sequence[QuantizerRow]) -> Table:
    columns = ("WER %", "drop", "SQNR", "argmax", "FQ", "i8", "work %", "MB", "s", "x FP16")
    table = new_table(title, "variant", columns)
    for row in rows:
        drop = (row.candidate.wer or 0.0) - (row.reference.wer or 0.0)
        wers = percent(row.candidate.wer), signed_percent(drop)
        logits = decibels(row.logits.sqnr_db), percent(row.logits.argmax_agreement)
        counts = (str(row.fake_quantize), str(row.int8_weights), percent(row.int8_work, 0))
        table.add_row(
            row.name, *wers, *logits, *counts, f"{row.bytes / 1e6:.2f}", f"{row.build_s:.0f}", f"{row.speed:.2f}"
        )
    return table


def reverted_lines(rows: Sequence[RevertedRow]) -> Iterator[str]:
    """Yield the number of reverted layers, its effect and cost, and the suite.toml setting that replaces the search."""
    for row in rows:
        drops = f"{_points(row.int8_wer, row.fp16_wer)} before and {_points(row.tuned_wer, row.fp16_wer)} after"
        noise = f"SQNR {decibels(row.int8_sqnr_db)} dB before and {decibels(row.tuned_sqnr_db)} after"
        types = f" ({count_types(row.types)})" if row.types else ""
        low, high = row.speed_interval.low or 0.0, row.speed_interval.high or 0.0
        yield (
            f"{row.model}: accuracy control reverted {len(row.layers)} layers{types}; drop {drops}, {noise}, on its "
            f"{len(row.utterances)} tuning utterances (at most {percent(row.max_drop)} allowed), built in "
            f"{row.build_s:.0f} s ({row.plain_build_s:.0f} s without it), speed-up {row.speed:.2f} ({low:.2f} to "
            f"{high:.2f}) over INT8 without it"
        )
        if row.toml:
            yield f"{row.model}: to keep these layers in floating point with --quantizer nncf, in suite.toml:"
            yield from row.toml.splitlines()


def _points(wer: float | None, reference: float | None) -> str:
    return signed_percent(None if wer is None or reference is None else wer - reference)
