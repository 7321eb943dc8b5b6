"""Tables and lines of the sensitivity study: layers and scopes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wergate.evaluation.rows import LogitsRow, WordErrorRow
from wergate.formatting import decibels, new_table, percent
from wergate.studies.sensitivity.plot import short_names
from wergate.studies.sensitivity.rows import ScopeRow, SensitivityRow

if TYPE_CHECKING:
    from rich.table import Table

_SHOWN = 12  # layers per variant; the results file has all


def sensitivity_tables(rows: Sequence[SensitivityRow], scopes: Sequence[ScopeRow]) -> Iterator[Table]:
    """Yield a table of the worst layers per variant, then a table of the scopes on utterances outside the search."""
    yield from map(_layer_table, rows)
    judged = [row for row in scopes if row.judged is not None]
    if judged:
        yield _scope_table(judged)


def _layer_table(row: SensitivityRow) -> Table:
    shown = f"the {_SHOWN} worst of {len(row.layers)}" if len(row.layers) > _SHOWN else f"all {len(row.layers)}"
    title = f"{row.model} {row.variant}, accuracy cost of layers: {shown}, {len(row.sample)} utterances"
    table = new_table(title, "layer", ("alone dB", "argmax", "WER", "without dB", "argmax", "WER"))
    names = short_names([layer.twin or layer.name for layer in row.layers])
    for layer, name in list(zip(row.layers, names, strict=True))[:_SHOWN]:
        alone, left_out = (layer.alone, layer.alone_errors), (layer.left_out, layer.left_out_errors)
        typed = name if layer.kind in name else f"{name} ({layer.kind})"
        table.add_row(typed, *_figures(*alone), *_figures(*left_out))
    table.add_section()
    if (group := row.front_end) is not None:
        alone, left_out = (group.alone, group.alone_errors), (group.left_out, group.left_out_errors)
        table.add_row(f"spectral front end, {_layers(len(group.names))}", *_figures(*alone), *_figures(*left_out))
    table.add_row("all in 8 bit", "", "", "", *_figures(row.quantized, row.quantized_errors))
    table.add_row("all in floating point", "", "", "", *_figures(row.restored, row.fp16_errors))
    return table


def _figures(logits: LogitsRow, errors: WordErrorRow | None) -> tuple[str, str, str]:
    wer = "" if errors is None else percent(errors.wer)
    return decibels(logits.sqnr_db), percent(logits.argmax_agreement), wer


def _scope_table(rows: Sequence[ScopeRow]) -> Table:
    title = "ignored scopes, judged on utterances outside the search"
    table = new_table(title, "", ("utterances", "WER %", "SQNR", "argmax %"))
    for row in rows:
        if (judged := row.judged) is not None:
            table.add_row(f"{row.model} on {row.corpus}: reference", "", percent(judged.reference.wer), "", "")
            before, after = (judged.before, judged.logits_before), (judged.after, judged.logits_after)
            for name, (errors, logits) in (("without scope", before), ("with scope", after)):
                sqnr, argmax, wer = _figures(logits, errors)
                table.add_row(f"{row.variant} {name}", str(len(judged.utterances)), wer, sqnr, argmax)
    return table


def front_end_lines(rows: Sequence[SensitivityRow]) -> Iterator[str]:
    """Yield the operations of each network's spectral front end by type."""
    for row in rows:
        if (group := row.front_end) is not None:
            count = sum(group.operations.values())
            yield (
                f"{row.model}: spectral front end of {count} operations ({', '.join(group.operations)}); "
                f"{row.variant} quantizes {', '.join(group.names)}"
            )


def scope_lines(scopes: Sequence[ScopeRow]) -> Iterator[str]:
    """Yield the ignored scope of each variant as settings for suite.toml."""
    for row in {(row.model, row.variant): row for row in scopes}.values():
        if row.names == []:
            yield f"{row.model} {row.variant}: passes without an ignored scope"
        if row.names:
            how = "INT8 rebuilt with it" if row.rebuilt else "its layers restored in the graph"
            where = f", {len(row.front_end)} of them in the spectral front end" if row.front_end else ""
            yield (
                f"{row.model} {row.variant} fails {', '.join(row.fails)}; smallest ignored scope: "
                f"{_layers(len(row.names))} ({count_types(row.types)}{where}; {how}); in suite.toml:"
            )
            yield from row.toml.splitlines()


def count_types(types: Sequence[str]) -> str:
    """Return the number of operations of each type, such as "1 Convolution, 2 MatMul"."""
    return ", ".join(f"{count} {kind}" for kind, count in Counter(types).items())


def _layers(count: int) -> str:
    return f"{count} layer{'s' * (count > 1)}"
