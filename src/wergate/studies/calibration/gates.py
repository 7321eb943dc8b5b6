"""Gates of the calibration study and of accuracy control: measurements and budgets in, verdicts out."""

from __future__ import annotations

from wergate.config.quantization import AccuracyControlSettings
from wergate.config.studies import CalibrationStudySettings
from wergate.studies.calibration.accuracy_control import SUBJECT, ControlledModel, HeldOutDrop
from wergate.studies.calibration.study import CalibrationSpread
from wergate.verdict import Verdict

_SPREAD_REMEDY = (
    "calibrate on more utterances (quantization.subset_size), or keep the layers with the widest ranges in floating "
    "point (quantization.ignored_scope)"
)


def spread_verdicts(calibrations: CalibrationSpread, settings: CalibrationStudySettings) -> tuple[Verdict, ...]:
    """Gate the range of WER and SQNR over the calibration subsets."""
    size, first = len(calibrations.models[0].calibration), calibrations.models[0].evaluation
    claims = (
        ("calibration_wer_range", calibrations.wer, settings.wer_range_max),
        ("calibration_sqnr_db_range", calibrations.sqnr_db, settings.sqnr_db_range_max),
    )
    return tuple(
        Verdict(
            gate=gate,
            subject="INT8",
            value=spread.range,
            relation="<=",
            threshold=budget,
            basis=f"{spread.low:.4g} to {spread.high:.4g}, sd {spread.sd:.2g}",
            scope=f"{first.scope}, {len(calibrations.models)} calibration subsets of {size}",
            remedy=_SPREAD_REMEDY,
        )
        for gate, spread, budget in claims
    )


def control_verdicts(
    controlled: ControlledModel, settings: AccuracyControlSettings, *, model: str
) -> tuple[Verdict, ...]:
    """Gate the drop on the tuning utterances, and the share of the work that still runs in 8 bit."""
    scope = f"{model}, {controlled.tuned.scope}, used for tuning"
    reverted = f"{len(controlled.reverted)} layers reverted"
    return (
        Verdict(
            gate="tuned_wer_drop",
            subject=SUBJECT,
            value=controlled.tuned.drop,
            relation="<=",
            threshold=settings.max_drop,
            basis=f"FP16 {controlled.tuned.fp16_total.wer:.4g}, {reverted}",
            scope=scope,
            remedy="NNCF stops above the limit when no layer is left to revert: raise accuracy_control.max_drop",
        ),
        Verdict(
            gate="int8_work_left",
            subject=SUBJECT,
            value=controlled.work.int8_share,
            relation=">=",
            threshold=settings.int8_work_min,
            basis=f"{controlled.plain_work.int8_share:.4g} in ordinary INT8, {reverted}",
            scope=scope,
            remedy="try a few layers in quantization.ignored_scope, or more calibration utterances, instead",
        ),
    )


def held_out_verdict(held_out: HeldOutDrop, settings: AccuracyControlSettings, *, model: str) -> Verdict:
    """Gate the drop on utterances that accuracy control did not tune on."""
    return Verdict(
        gate="held_out_wer_drop",
        subject=SUBJECT,
        value=held_out.drop,
        relation="<=",
        threshold=settings.held_out_drop_max,
        basis=f"FP16 {held_out.fp16_total.wer:.4g}",
        scope=f"{model}, {held_out.scope}, none used for tuning",
        remedy="the drop does not generalize: raise accuracy_control.validation_utterances, or lower max_drop",
    )
