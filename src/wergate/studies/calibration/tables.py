"""The calibration study and accuracy control as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from wergate.evaluation.rows import WordErrorRow
from wergate.formatting import new_table
from wergate.studies.calibration.rows import AccuracyControlRow, CalibrationStudyRow, WerDropRow


def calibration_tables(
    studies: Sequence[CalibrationStudyRow], controls: Sequence[AccuracyControlRow]
) -> Iterator[Table]:
    """Yield a table for each calibration study, and one for each accuracy-controlled model."""
    yield from map(_study_table, studies)
    for key in dict.fromkeys(row.key for row in controls):
        yield _control_table([row for row in controls if row.key == key])


def _study_table(row: CalibrationStudyRow) -> Table:
    shared = f"two share at most {row.most_shared}" if row.most_shared else "disjoint"
    drawn = f"{len(row.subsets)} subsets of {row.subset_size} of the {row.available} of {row.calibration}, {shared}"
    title = f"{row.model} on {row.corpus}, INT8 calibrated again: {drawn}, seed {row.seed}"
    table = new_table(title, "calibrated on", ("s", "WER %", "S/D/I", "drop", "SQNR"))
    reference = row.reference.wer or 0.0
    for number, subset in enumerate(row.subsets, start=1):
        wer, sqnr = subset.candidate.wer, subset.sqnr_db
        name, audio_s = f"subset {number}", f"{subset.audio_s:.0f}"
        table.add_row(name, audio_s, _percent(wer), _counts(subset.candidate), _drop(wer, reference), _db(sqnr))
    table.add_section()
    for name in ("mean", "sd", "min", "max", "range"):
        wer, sqnr = getattr(row.wer, name), getattr(row.sqnr_db, name)
        drop = _drop(wer, reference) if name in {"mean", "min", "max"} else ""
        table.add_row(name, "", _percent(wer), "", drop, _db(sqnr))
    return table


def _control_table(rows: Sequence[AccuracyControlRow]) -> Table:
    first = rows[0]
    work = f"{100 * first.int8_work:.1f} % of the work in 8 bit (ordinary INT8: {100 * first.plain_int8_work:.1f} %)"
    aim = f"accuracy control to a drop of {100 * first.max_drop:g} points"
    title = f"{first.model}, {aim}: {len(first.reverted)} layers reverted, {work}"
    table = new_table(title, "utterances", ("number", "words", "FP16 WER %", "WER %", "drop"))
    _add_drop(table, f"{first.tuned_corpus}, tuned on", first.tuned)
    for row in rows:
        _add_drop(table, f"{row.corpus}, held out", row.held_out)
    return table


def _add_drop(table: Table, name: str, row: WerDropRow) -> None:
    drop = "-" if row.drop is None else f"{100 * row.drop:+.2f}"
    words, reference, candidate = str(row.fp16.words), _percent(row.fp16.wer), _percent(row.candidate.wer)
    table.add_row(name, str(len(row.utterances)), words, reference, candidate, drop)


def _counts(errors: WordErrorRow) -> str:
    return f"{errors.substitutions}/{errors.deletions}/{errors.insertions}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}"


def _drop(wer: float | None, reference: float) -> str:
    return "-" if wer is None else f"{100 * (wer - reference):+.2f}"


def _db(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
