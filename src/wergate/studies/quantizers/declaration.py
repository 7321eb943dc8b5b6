"""Declaration of the study `quantizers`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wergate.studies.base import RowsByKind, Study
from wergate.studies.quantizers.rows import QuantizerRow, RevertedRow
from wergate.studies.quantizers.tables import quantizer_tables, reverted_lines

if TYPE_CHECKING:
    from rich.table import Table


def _tables(rows: RowsByKind) -> Iterator[Table]:
    return quantizer_tables(rows["quantizers"])


def _settings(rows: RowsByKind) -> Iterator[str]:
    return reverted_lines(rows["reverted"])


STUDY = Study(
    name="quantizers",
    question="How do quantization variants compare in accuracy, speed and build time?",
    minutes=15,
    where="accuracy/test_quantizers.py",
    kinds={"quantizers": QuantizerRow, "reverted": RevertedRow},
    tables=_tables,
    settings=_settings,
)
