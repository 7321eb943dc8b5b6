"""Tables of results as text: for the page of figures, and for the page about a run."""

from __future__ import annotations

from collections.abc import Iterator

import rich.table
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from wergate.formatting import percent
from wergate.report.results import Results
from wergate.studies.base import Study

Row = tuple[str, ...]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Figures:
    """One table."""

    title: str
    columns: Row
    rows: tuple[Row, ...]

    @property
    def filled(self) -> Figures:
        """The table without columns that are empty in all rows."""
        kept = [place for place in range(len(self.columns)) if any(row[place] for row in self.rows)]
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        return Figures(self.title, tuple(self.columns[place] for place in kept), rows)


def work_figures(run: Results, title: str = "") -> Iterator[Figures]:
    """Yield the work of each compiled model, in one table, if the run has read any."""
    columns = ("model", "variant", "GMAC", "in 8 bit, %", "layers", "not in 8 bit")
    rows = [
        (
            row.model,
            row.variant,
            f"{row.macs / 1e9:.2f}",
            percent(row.int8_share, 1),
            str(row.layers),
            str(len(row.fallbacks)),
        )
        for row in run.executions
    ]
    if rows:
        yield Figures(title, columns, tuple(rows))


def study_figures(study: Study, run: Results) -> list[Figures]:
    """Return the tables that the terminal prints for a study; none if its rows are not those of results."""
    written = {kind: getattr(run, kind) for kind in Results.model_fields}
    return [_figures(found) for found in study.tables(written)] if set(study.kinds) <= set(written) else []


def _figures(found: rich.table.Table) -> Figures:
    cells = [[str(cell) for cell in column.cells] for column in found.columns]
    return Figures(
        str(found.title or ""), tuple(str(column.header) for column in found.columns), tuple(zip(*cells, strict=True))
    )
