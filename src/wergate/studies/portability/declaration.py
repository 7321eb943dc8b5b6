"""Declaration of the study `portability`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wergate.studies.base import RowsByKind, Study
from wergate.studies.portability.rows import PortabilityRow
from wergate.studies.portability.tables import portability_lines, portability_tables, portable_lines

if TYPE_CHECKING:
    from rich.table import Table


def _tables(rows: RowsByKind) -> Iterator[Table]:
    return portability_tables(rows["portability"])


def _lines(rows: RowsByKind) -> Iterator[str]:
    yield from dict.fromkeys(portability_lines(rows["portability"]))
    yield from portable_lines(rows["portability"])


STUDY = Study(
    name="portability",
    question="Does INT8 stay accurate on CPUs with other instruction sets?",
    minutes=10,
    where="accuracy/test_portability.py",
    kinds={"portability": PortabilityRow},
    tables=_tables,
    lines=_lines,
)
