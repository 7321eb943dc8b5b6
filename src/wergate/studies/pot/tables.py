"""Tables and lines of the POT study: the tutorial's steps, both runtimes, POT compared with NNCF."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wergate.formatting import decibels, new_table, percent, word_errors
from wergate.studies.pot.rows import LeavingPotRow, PotStepsRow, RuntimeRow

if TYPE_CHECKING:
    from rich.table import Table

_LEAVING_COLUMNS = ("WER %", "S/D/I", "SQNR", "8 bit", "MB", "ms at 5 s", "build s")


def step_lines(rows: Sequence[PotStepsRow]) -> Iterator[str]:
    """Yield the lines that the tutorial printed, step by step."""
    for row in rows:
        yield from (f"{row.model}, IR {variant}: {path}" for variant, path in row.irs.items())
        calibrated = f"{row.algorithm}, calibrated on {row.calibration_utterances} utterances"
        yield f"{row.model}, quantized with the {row.preset} preset and {calibrated}: {row.seconds:.2f} s"
        if row.algorithm != "DefaultQuantization":
            yield from _tuned(row)
        yield f"{row.model}, [Reference] {row.sample.id}: {row.sample.text}"
        yield from (f"{row.model}, [{name}] {row.sample.id}: {text}" for name, text in row.sample.heard.items())
        yield from (f"{row.model} on {row.corpus}, [{name}] word error rate: {_wer(w)}" for name, w in row.wers.items())
        yield from (f"{row.model}, benchmark_app [{variant}]: {fps:.2f} FPS" for variant, fps in row.fps.items())


def _tuned(row: PotStepsRow) -> Iterator[str]:
    """Yield the operations that accuracy-aware quantization reverted, also as a setting for a suite file."""
    fp16, int8, final = map(_wer, row.tuning_wers)
    measured = f"WER {fp16} for FP16, {int8} for full INT8, {final} for the result"
    yield f"{row.model}, on the tuning utterances: {measured}; {len(row.reverted)} operations reverted"
    if row.reverted:
        table, names = f"[model.{json.dumps(row.model)}.pot.ignored_scope]", json.dumps(row.reverted)
        yield f"{row.model}, to get the same result without a search, in suite.toml: {table} names = {names}"


def pot_tables(runtimes: Sequence[RuntimeRow], leaving: Sequence[LeavingPotRow]) -> Iterator[Table]:
    """Yield the table of both runtimes, then the tables that compare POT with NNCF."""
    if runtimes:
        yield _runtime_table(runtimes)
    for model, corpus in dict.fromkeys((row.model, row.corpus) for row in leaving):
        yield _leaving_table([row for row in leaving if (row.model, row.corpus) == (model, corpus)])


def _runtime_table(rows: Sequence[RuntimeRow]) -> Table:
    columns = ("corpus", "WER %", "current", "SQNR", "current", "differ")
    table = new_table(f"the same IRs on OpenVINO {rows[0].openvino} and on the current one", "IR", columns)
    for row in rows:
        sqnr = decibels(row.legacy_sqnr_db), decibels(row.today_sqnr_db)
        wers = percent(row.legacy.wer), percent(row.today.wer)
        table.add_row(f"{row.model} {row.variant}", row.corpus, *wers, *sqnr, f"{len(row.differing)}/{row.utterances}")
    return table


def _leaving_table(rows: Sequence[LeavingPotRow]) -> Table:
    first = rows[0]
    table = new_table(f"from POT to NNCF: {first.model} on {first.corpus}, INT8", "quantizer", _LEAVING_COLUMNS)
    for row in rows:
        table.add_row(
            row.quantizer,
            *word_errors(row.words),
            decibels(row.sqnr_db),
            f"{row.int8_layers}/{row.layers}",
            f"{row.bytes / 1e6:.2f}",
            f"{row.latency_ms:.1f}",
            f"{row.seconds:.0f}",
        )
    return table


def _wer(wer: float | None) -> str:
    return "-" if wer is None else f"{wer:.4f}"
