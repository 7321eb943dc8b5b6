"""The calibration study and accuracy control as rows of the results."""

from __future__ import annotations

from wergate.calibration_study import CalibratedModel, CalibrationSpread, Spread
from wergate.config.quantization import AccuracyControl
from wergate.config.studies import CalibrationStudy
from wergate.evaluation.rows import finite, word_error_row
from wergate.held_out import ControlledModel, WerDrop
from wergate.results import AccuracyControlRow, CalibrationStudyRow, CalibrationSubsetRow, SpreadRow, WerDropRow


def calibration_study_row(found: CalibrationSpread, settings: CalibrationStudy, *, model: str) -> CalibrationStudyRow:
    """Return the row of a calibration study."""
    evaluation = found.models[0].evaluation
    return CalibrationStudyRow(
        model=model,
        corpus=evaluation.corpus,
        utterances=len(evaluation.outcomes),
        reference=word_error_row(evaluation.reference.total),
        calibration=found.pool.name,
        available=len(found.pool.whole),
        subset_size=settings.subset_size,
        seed=settings.seed,
        most_shared=found.most_shared,
        subsets=[_subset_row(calibrated) for calibrated in found.models],
        wer=_spread_row(found.wer),
        sqnr_db=_spread_row(found.sqnr_db),
    )


def _subset_row(found: CalibratedModel) -> CalibrationSubsetRow:
    return CalibrationSubsetRow(
        utterances=list(found.calibration.ids),
        audio_s=sum(found.calibration.durations.values()),
        key=found.ir.key,
        candidate=word_error_row(found.evaluation.candidate.total),
        sqnr_db=finite(found.evaluation.logits.sqnr_db),
    )


def _spread_row(found: Spread) -> SpreadRow:
    return SpreadRow(
        mean=finite(found.mean),
        sd=finite(found.sd),
        min=finite(found.low),
        max=finite(found.high),
        range=finite(found.range),
    )


def accuracy_control_row(
    found: ControlledModel, held_out: WerDrop, settings: AccuracyControl, *, model: str
) -> AccuracyControlRow:
    """Return the row of an accuracy-controlled model on a corpus.

    Args:
        held_out: utterances that it was not tuned on.
    """
    return AccuracyControlRow(
        model=model,
        corpus=held_out.corpus,
        key=found.ir.key,
        tuned_corpus=found.corpus.name,
        max_drop=settings.max_drop,
        validations=found.tuning.validations,
        fp16_wer=finite(found.tuning.fp16_wer),
        int8_wer=finite(found.tuning.int8_wer),
        tuned=_drop_row(found.tuned),
        held_out=_drop_row(held_out),
        reverted=list(found.reverted),
        int8_work=found.work.int8_share,
        plain_int8_work=found.plain_work.int8_share,
    )


def _drop_row(found: WerDrop) -> WerDropRow:
    return WerDropRow(
        utterances=list(found.ids),
        fp16=word_error_row(found.fp16_total),
        candidate=word_error_row(found.candidate_total),
        drop=finite(found.drop),
    )
