"""The section on what ran: executed layers, and the tables of studies."""

from __future__ import annotations

from collections.abc import Iterator

from wergate.formatting import percent
from wergate.report.results import Results
from wergate.report.tables import Figures, study_figures, work_figures
from wergate.report.terminal.layer_names import short_layer_names
from wergate.studies.registry import STUDIES


def executed(run: Results) -> Iterator[Figures]:
    """Yield the work of each compiled model, and its layers that do not run in 8 bit."""
    yield from work_figures(run, "Work on five seconds of speech")
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
    for study in STUDIES:
        if any(getattr(run, kind, None) for kind in study.kinds):
            yield from study_figures(study, run)
