"""Result rows of the calibration study and of accuracy control."""

from __future__ import annotations

from wergate.config.quantization import AccuracyControlSettings
from wergate.config.studies import CalibrationStudySettings
from wergate.evaluation.rows import ResultRow, WordErrorRow, finite, word_error_row
from wergate.studies.calibration.accuracy_control import ControlledModel, HeldOutDrop
from wergate.studies.calibration.study import CalibratedModel, CalibrationSpread, Spread


class SpreadRow(ResultRow):
    """Distribution of a figure over several models; null if not finite.

    `sd` is the sample standard deviation, `range` is max minus min.
    """

    mean: float | None
    sd: float | None
    min: float | None
    max: float | None
    range: float | None


class CalibrationSubsetRow(ResultRow):
    """INT8 calibrated on one subset; `key` is the store key of its IR."""

    utterances: list[str]
    audio_s: float
    key: str
    candidate: WordErrorRow
    sqnr_db: float | None


class CalibrationStudyRow(ResultRow):
    """INT8 of one model on one corpus, calibrated on several subsets of the same size.

    The subsets are drawn from `available` recordings; any two share at most `most_shared` of them.
    """

    model: str
    corpus: str
    utterances: int
    reference: WordErrorRow
    calibration: str
    available: int
    subset_size: int
    seed: int
    most_shared: int
    subsets: list[CalibrationSubsetRow]
    wer: SpreadRow
    sqnr_db: SpreadRow


class WerDropRow(ResultRow):
    """WER of an IR and of the FP16 IR on these utterances; `drop` is the difference."""

    utterances: list[str]
    fp16: WordErrorRow
    candidate: WordErrorRow
    drop: float | None


class AccuracyControlRow(ResultRow):
    """An accuracy-controlled model on a corpus, without the utterances of `tuned_corpus` that it was tuned on.

    `fp16_wer` and `int8_wer` are NNCF's measurements on the tuning utterances before it reverted layers.
    `reverted` are the layers that run in 8 bit in the ordinary INT8 IR but not in this one.
    `int8_work` and `plain_int8_work` are the shares of the work that run in 8 bit.
    """

    model: str
    corpus: str
    key: str
    tuned_corpus: str
    max_drop: float
    validations: int
    fp16_wer: float | None
    int8_wer: float | None
    tuned: WerDropRow
    held_out: WerDropRow
    reverted: list[str]
    int8_work: float
    plain_int8_work: float


def calibration_study_row(
    calibrations: CalibrationSpread, settings: CalibrationStudySettings, *, model: str
) -> CalibrationStudyRow:
    """Return the row of a calibration study."""
    evaluation = calibrations.models[0].evaluation
    return CalibrationStudyRow(
        model=model,
        corpus=evaluation.corpus,
        utterances=len(evaluation.outcomes),
        reference=word_error_row(evaluation.reference.total),
        calibration=calibrations.pool.name,
        available=len(calibrations.pool.whole),
        subset_size=settings.subset_size,
        seed=settings.seed,
        most_shared=calibrations.most_shared,
        subsets=[_subset_row(calibrated) for calibrated in calibrations.models],
        wer=_spread_row(calibrations.wer),
        sqnr_db=_spread_row(calibrations.sqnr_db),
    )


def _subset_row(calibrated: CalibratedModel) -> CalibrationSubsetRow:
    return CalibrationSubsetRow(
        utterances=list(calibrated.calibration.ids),
        audio_s=sum(calibrated.calibration.durations.values()),
        key=calibrated.ir.key,
        candidate=word_error_row(calibrated.evaluation.candidate.total),
        sqnr_db=finite(calibrated.evaluation.logits.sqnr_db),
    )


def _spread_row(spread: Spread) -> SpreadRow:
    return SpreadRow(
        mean=finite(spread.mean),
        sd=finite(spread.sd),
        min=finite(spread.low),
        max=finite(spread.high),
        range=finite(spread.range),
    )


def accuracy_control_row(
    controlled: ControlledModel, held_out: HeldOutDrop, settings: AccuracyControlSettings, *, model: str
) -> AccuracyControlRow:
    """Return the row of an accuracy-controlled model on a corpus.

    Args:
        held_out: the drop on utterances that the model was not tuned on.
    """
    return AccuracyControlRow(
        model=model,
        corpus=held_out.corpus,
        key=controlled.ir.key,
        tuned_corpus=controlled.corpus.name,
        max_drop=settings.max_drop,
        validations=controlled.tuning.validations,
        fp16_wer=finite(controlled.tuning.fp16_wer),
        int8_wer=finite(controlled.tuning.int8_wer),
        tuned=_drop_row(controlled.tuned),
        held_out=_drop_row(held_out),
        reverted=list(controlled.reverted),
        int8_work=controlled.work.int8_share,
        plain_int8_work=controlled.plain_work.int8_share,
    )


def _drop_row(drop: HeldOutDrop) -> WerDropRow:
    return WerDropRow(
        utterances=list(drop.ids),
        fp16=word_error_row(drop.fp16_total),
        candidate=word_error_row(drop.candidate_total),
        drop=finite(drop.drop),
    )
