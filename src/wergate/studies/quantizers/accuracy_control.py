"""Layers that accuracy control reverted, for a model quantized with it: tuning drops, build time and speed."""

from __future__ import annotations

from dataclasses import dataclass

from wergate.config.models import ModelSettings
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.networks.ir.layers import quantized_names
from wergate.quantization.accuracy_control import Tuning, read_tuning
from wergate.session.session import Session
from wergate.store import Artifact
from wergate.studies.quantizers.study import time_irs
from wergate.timing.paired import Paired
from wergate.verdict import Verdict


@dataclass(frozen=True)
class RevertedLayers:
    """A model quantized with accuracy control, compared with the same model without it.

    Attributes:
        ir: the accuracy-controlled IR.
        plain: the ordinary INT8 IR.
        tuning: NNCF's report of the tuning.
        layers: layers in floating point in `ir` only, with their names in the FP16 IR.
        speed: speed-up over the ordinary INT8 IR.
    """

    ir: Artifact
    plain: Artifact
    tuning: Tuning
    layers: tuple[str, ...]
    speed: Paired


def reverted(session: Session, model: str) -> RevertedLayers:
    """Compare a model's accuracy-controlled IR with the IR that NNCF builds without accuracy control."""
    models = session.models
    ir = models.ir(model, "int8")
    plain = models.quantized(model, session.config.settings_of(model).model_copy(update={"quantizer": "nncf"}))
    still_quantized = quantized_names(ir.file(MODEL_FILE))
    return RevertedLayers(
        ir,
        plain,
        read_tuning(ir),
        tuple(name for name in quantized_names(plain.file(MODEL_FILE)) if name not in still_quantized),
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
