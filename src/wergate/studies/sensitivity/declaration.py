"""Declaration of the study `sensitivity`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wergate.studies.base import RowsByKind, Study
from wergate.studies.sensitivity.rows import ScopeRow, SensitivityRow
from wergate.studies.sensitivity.tables import front_end_lines, scope_lines, sensitivity_tables

if TYPE_CHECKING:
    from rich.table import Table


def _tables(rows: RowsByKind) -> Iterator[Table]:
    return sensitivity_tables(rows["sensitivities"], rows["scopes"])


def _lines(rows: RowsByKind) -> Iterator[str]:
    return front_end_lines(rows["sensitivities"])


def _settings(rows: RowsByKind) -> Iterator[str]:
    return scope_lines(rows["scopes"])


STUDY = Study(
    name="sensitivity",
    question="Which layers cost accuracy, and what is the smallest ignored scope that restores it?",
    minutes=10,
    where="accuracy/test_sensitivity.py",
    kinds={"sensitivities": SensitivityRow, "scopes": ScopeRow},
    tables=_tables,
    lines=_lines,
    settings=_settings,
)
