"""The section on what ran: executed layers, and the tables of studies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import rich.table

from wergate.formatting import percent
from wergate.report.results import Results
from wergate.report.terminal.layer_names import short_layer_names
from wergate.studies.registry import STUDIES


@dataclass(frozen=True)
class Figures:
    """A table."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def filled(self) -> Figures:
        """The table without columns that are empty in all rows."""
        kept = [place for place in range(len(self.columns)) if any(row[place] for row in self.rows)]
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        return Figures(self.title, tuple(self.columns[place] for place in kept), rows)


def executed(run: Results) -> Iterator[Figures]:
    """Yield the work of each compiled model, and its layers that do not run in 8 bit."""
    if run.executions:
        yield Figures(
            "Work on five seconds of speech",
            ("model", "variant", "GMAC", "in 8 bit, %", "layers", "not in 8 bit"),
            tuple(
                (
                    row.model,
                    row.variant,
                    f"{row.macs / 1e9:.2f}",
                    percent(row.int8_share, 1),
                    str(row.layers),
                    str(len(row.fallbacks)),
                )
                for row in run.executions
            ),
        )
    for row in run.executions:
        if row.int8_macs and row.fallbacks:
            yield Figures(
                f"Layers of {row.variant} ({row.model}) that do not run in 8 bit",
                ("layer", "kind", "primitive", "precision", "share of the work, %", "reason"),
                tuple(
                    (
                        short_layer_names(one.name),
                        one.kind,
                        one.primitive,
                        one.precision,
                        percent(one.share, 1),
                        one.reason,
                    )
                    for one in row.fallbacks
                ),
            )


def study_tables(run: Results) -> Iterator[Figures]:
    """Yield the tables of the studies that ran."""
    written = {kind: getattr(run, kind) for kind in type(run).model_fields}
    for study in STUDIES:
        if study.kinds and set(study.kinds) <= set(written) and any(written[kind] for kind in study.kinds):
            yield from (_figures(found) for found in study.tables(written))


def _figures(found: rich.table.Table) -> Figures:
    cells = [[str(cell) for cell in column.cells] for column in found.columns]
    return Figures(
        str(found.title or ""),
        tuple(str(column.header) for column in found.columns),
        tuple(zip(*cells, strict=True)),
    )
