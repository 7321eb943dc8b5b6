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
    found: CalibrationSpread, settings: CalibrationStudySettings, *, model: str
) -> CalibrationStudyRow:
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
    found: ControlledModel, held_out: HeldOutDrop, settings: AccuracyControlSettings, *, model: str
) -> AccuracyControlRow:
    """Return the row of an accuracy-controlled model on a corpus.

    Args:
        held_out: the drop on utterances that the model was not tuned on.
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


def _drop_row(found: HeldOutDrop) -> WerDropRow:
    return WerDropRow(
        utterances=list(found.ids),
        fp16=word_error_row(found.fp16_total),
        candidate=word_error_row(found.candidate_total),
        drop=finite(found.drop),
    )
