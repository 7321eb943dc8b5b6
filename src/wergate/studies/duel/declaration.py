"""Declaration of the study `duel`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wergate.studies.base import RowsByKind, Study
from wergate.studies.duel.rows import DuelRow
from wergate.studies.duel.tables import duel_lines, duel_tables

if TYPE_CHECKING:
    from rich.table import Table


def _tables(rows: RowsByKind) -> Iterator[Table]:
    return duel_tables(rows["duels"])


def _lines(rows: RowsByKind) -> Iterator[str]:
    return duel_lines(rows["duels"])


STUDY = Study(
    name="duel",
    question="May B replace A? Give both with --duel A --duel B",
    minutes=3,
    where="benchmarks/test_duel.py",
    kinds={"duels": DuelRow},
    tables=_tables,
    lines=_lines,
)
