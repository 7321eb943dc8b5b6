"""Declaration of the study `pot`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wergate.studies.base import RowsByKind, Study
from wergate.studies.pot.rows import LeavingPotRow, PotStepsRow, RuntimeRow
from wergate.studies.pot.tables import pot_tables, step_lines

if TYPE_CHECKING:
    from rich.table import Table


def _tables(rows: RowsByKind) -> Iterator[Table]:
    return pot_tables(rows["runtimes"], rows["leaving_pot"])


def _lines(rows: RowsByKind) -> Iterator[str]:
    return step_lines(rows["pot_steps"])


STUDY = Study(
    name="pot",
    question="What does it cost to move from POT to NNCF?",
    minutes=15,
    where="accuracy/test_pot.py",
    kinds={"pot_steps": PotStepsRow, "runtimes": RuntimeRow, "leaving_pot": LeavingPotRow},
    tables=_tables,
    lines=_lines,
)
