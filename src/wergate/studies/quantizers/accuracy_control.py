"""Layers that accuracy control reverted, for a model quantized with it: tuning drops, build time and speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wergate.config.models import ModelSettings
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.networks.ir.layers import quantized_types
from wergate.quantization.accuracy_control import Tuning, read_tuning
from wergate.session.session import Session
from wergate.store import Artifact
from wergate.studies.quantizers.study import time_irs
from wergate.studies.sensitivity.scope import limits_to_change
from wergate.timing.paired import Paired
from wergate.verdict import Verdict


@dataclass(frozen=True)
class RevertedLayers:
    """A model quantized with accuracy control, compared with the same model without it.

    Attributes:
        ir: the accuracy-controlled IR.
        plain: the ordinary INT8 IR.
        tuning: NNCF's report of the tuning.
        layers: types of the layers in floating point in `ir` only, by their names in the FP16 IR.
        limits: thresholds that these layers make necessary.
        speed: speed-up over the ordinary INT8 IR.
    """

    ir: Artifact
    plain: Artifact
    tuning: Tuning
    layers: Mapping[str, str]
    limits: Mapping[str, float]
    speed: Paired


def reverted(session: Session, model: str) -> RevertedLayers:
    """Compare a model's accuracy-controlled IR with the IR that NNCF builds without accuracy control."""
    models = session.models
    ir = models.ir(model, "int8")
    plain = models.quantized(model, session.config.settings_of(model).model_copy(update={"quantizer": "nncf"}))
    still_quantized = quantized_types(ir.file(MODEL_FILE))
    before = quantized_types(plain.file(MODEL_FILE))
    return RevertedLayers(
        ir,
        plain,
        read_tuning(ir),
        {name: kind for name, kind in before.items() if name not in still_quantized},
        limits_to_change(session, models.variant(model, "int8"), ir),
        time_irs(
            session,
            models.variant(model, "int8"),
            models.variant_of(model, plain, subject="INT8"),
            session.corpora.first(model),
        ),
    )


def tuned_verdict(reverted_layers: RevertedLayers, settings: ModelSettings) -> Verdict:
    """Gate the drop on the tuning utterances: NNCF does not report it if the drop stays above the limit."""
    tuning = reverted_layers.tuning
    return Verdict(
        gate="tuned_wer_drop",
        subject="INT8",
        value=tuning.tuned_wer - tuning.fp16_wer,
        relation="<=",
        threshold=settings.accuracy_control.max_drop,
        basis=f"FP16 {tuning.fp16_wer:.4g}, {len(reverted_layers.layers)} layers reverted",
        scope=f"{settings.name}, {len(tuning.utterances)} calibration utterances, used for tuning",
        remedy="NNCF stops above the limit when no layer is left to revert: raise accuracy_control.max_drop",
    )
