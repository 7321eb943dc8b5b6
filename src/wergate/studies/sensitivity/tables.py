"""Layers and scopes as tables and lines, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from wergate.evaluation.rows import LogitsRow, WordErrorRow
from wergate.formatting import decibels, new_table, percent
from wergate.studies.sensitivity.plot import short_names
from wergate.studies.sensitivity.rows import ScopeRow, SensitivityRow

_SHOWN = 12  # layers of each variant; the results have all


def sensitivity_tables(found: Sequence[SensitivityRow], scopes: Sequence[ScopeRow]) -> Iterator[Table]:
    """Yield the worst layers of each variant, and what their scopes give where they were not searched."""
    yield from map(_layer_table, found)
    judged = [row for row in scopes if row.judged is not None]
    if judged:
        yield _scope_table(judged)


def _layer_table(row: SensitivityRow) -> Table:
    shown = f"the {_SHOWN} worst of {len(row.layers)}" if len(row.layers) > _SHOWN else f"all {len(row.layers)}"
    title = f"{row.model} {row.variant}, which layers cost accuracy: {shown}, {len(row.sample)} utterances"
    table = new_table(title, "layer", ("alone dB", "argmax", "WER", "without", "argmax", "WER"))
    names = short_names([layer.twin or layer.name for layer in row.layers])
    for layer, name in list(zip(row.layers, names, strict=True))[:_SHOWN]:
        alone, left_out = (layer.alone, layer.alone_errors), (layer.left_out, layer.left_out_errors)
        table.add_row(name, *_figures(*alone), *_figures(*left_out))
    table.add_section()
    table.add_row("all in 8 bit", "", "", "", *_figures(row.quantized, row.quantized_errors))
    table.add_row("all in floating point", "", "", "", *_figures(row.restored, row.fp16_errors))
    return table


def _figures(logits: LogitsRow, errors: WordErrorRow | None) -> tuple[str, str, str]:
    wer = "" if errors is None else percent(errors.wer)
    return decibels(logits.sqnr_db), percent(logits.argmax_agreement), wer


def _scope_table(rows: Sequence[ScopeRow]) -> Table:
    title = "ignored scopes, judged where they were not searched"
    table = new_table(title, "", ("utterances", "WER %", "SQNR", "argmax %"))
    for row in rows:
        if (found := row.judged) is not None:
            table.add_row(f"{row.model} on {row.corpus}: reference", "", percent(found.reference.wer), "", "")
            before, after = (found.before, found.logits_before), (found.after, found.logits_after)
            for name, (errors, logits) in (("as it is", before), ("with its scope", after)):
                sqnr, argmax, wer = _figures(logits, errors)
                table.add_row(f"{row.variant} {name}", str(len(found.utterances)), wer, sqnr, argmax)
    return table


def scope_lines(scopes: Sequence[ScopeRow]) -> Iterator[str]:
    """Yield what to write into suite.toml, once for each variant."""
    for row in {(row.model, row.variant): row for row in scopes}.values():
        if row.names == []:
            yield f"{row.model} {row.variant}: holds as it is, no layer has to be left out"
        if row.names:
            how = "INT8 was built anew with it" if row.rebuilt else "these layers of the graph put back"
            count, fails = f"{len(row.names)} layer{'s' * (len(row.names) > 1)}", ", ".join(row.fails)
            yield f"{row.model} {row.variant} fails {fails}; smallest ignored scope: {count} ({how}); for suite.toml:"
            yield from row.toml.splitlines()
