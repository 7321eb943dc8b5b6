"""Declaration of the study `calibration`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wergate.studies.base import RowsByKind, Study
from wergate.studies.calibration.rows import AccuracyControlRow, CalibrationStudyRow
from wergate.studies.calibration.tables import calibration_tables

if TYPE_CHECKING:
    from rich.table import Table


def _tables(rows: RowsByKind) -> Iterator[Table]:
    return calibration_tables(rows["calibration_studies"], rows["accuracy_controls"])


STUDY = Study(
    name="calibration",
    question="Does INT8 depend on the choice of calibration utterances, and does a tuned WER drop generalize?",
    minutes=20,
    where="accuracy/test_calibration.py",
    kinds={"calibration_studies": CalibrationStudyRow, "accuracy_controls": AccuracyControlRow},
    tables=_tables,
)
