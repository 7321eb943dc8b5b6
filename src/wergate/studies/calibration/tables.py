"""Tables of the calibration study and of accuracy control."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wergate.formatting import decibels, new_table, percent, signed_percent, word_errors
from wergate.studies.calibration.rows import AccuracyControlRow, CalibrationStudyRow, WerDropRow

if TYPE_CHECKING:
    from rich.table import Table


def calibration_tables(
    studies: Sequence[CalibrationStudyRow], controls: Sequence[AccuracyControlRow]
) -> Iterator[Table]:
    """Yield one table per calibration study, then one per accuracy-controlled model."""
    yield from map(_study_table, studies)
    for key in dict.fromkeys(row.key for row in controls):
        yield _control_table([row for row in controls if row.key == key])


def _study_table(row: CalibrationStudyRow) -> Table:
    shared = f"any two share at most {row.most_shared}" if row.most_shared else "disjoint"
    recordings = f"{row.available} recordings of {row.calibration}"
    drawn = f"{len(row.subsets)} subsets of {row.subset_size} from {recordings}, {shared}"
    title = f"{row.model} on {row.corpus}, INT8 by calibration subset: {drawn}, seed {row.seed}"
    table = new_table(title, "calibrated on", ("s", "WER %", "S/D/I", "drop", "SQNR"))
    reference = row.reference.wer or 0.0
    for number, subset in enumerate(row.subsets, start=1):
        words, drop = word_errors(subset.candidate), _drop(subset.candidate.wer, reference)
        table.add_row(f"subset {number}", f"{subset.audio_s:.0f}", *words, drop, decibels(subset.sqnr_db, "-"))
    table.add_section()
    for name in ("mean", "sd", "min", "max", "range"):
        wer, sqnr = getattr(row.wer, name), getattr(row.sqnr_db, name)
        drop = _drop(wer, reference) if name in {"mean", "min", "max"} else ""
        table.add_row(name, "", percent(wer), "", drop, decibels(sqnr, "-"))
    return table


def _control_table(rows: Sequence[AccuracyControlRow]) -> Table:
    first = rows[0]
    work = (
        f"{percent(first.int8_work, 1)} % of the work in 8 bit (ordinary INT8: {percent(first.plain_int8_work, 1)} %)"
    )
    limit = f"accuracy control with a drop of at most {100 * first.max_drop:g} points"
    title = f"{first.model}, {limit}: {len(first.reverted)} layers reverted, {work}"
    table = new_table(title, "utterances", ("count", "words", "FP16 WER %", "WER %", "drop"))
    _add_drop(table, f"{first.tuned_corpus}, tuning", first.tuned)
    for row in rows:
        _add_drop(table, f"{row.corpus}, held out", row.held_out)
    return table


def _add_drop(table: Table, name: str, row: WerDropRow) -> None:
    wers = percent(row.fp16.wer), percent(row.candidate.wer)
    table.add_row(name, str(len(row.utterances)), str(row.fp16.words), *wers, signed_percent(row.drop))


def _drop(wer: float | None, reference: float) -> str:
    return signed_percent(None if wer is None else wer - reference)
