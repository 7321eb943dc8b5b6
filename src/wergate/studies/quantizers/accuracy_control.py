"""What accuracy control took back, when it was the quantizer: layers, drops where it was tuned, seconds, speed."""

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
    """A model that was quantized with accuracy control, beside the same without it.

    Attributes:
        layers: in floating point in this one alone, as the FP16 IR calls them.
        speed: how many times as fast as the ordinary INT8 IR.
        plain: the ordinary INT8 IR.
    """

    ir: Artifact
    plain: Artifact
    tuning: Tuning
    layers: tuple[str, ...]
    speed: Paired


def reverted(session: Session, model: str) -> RevertedLayers:
    """Compare a model's accuracy-controlled IR with the one that NNCF makes of it without accuracy control."""
    models = session.models
    ir = models.ir(model, "int8")
    plain = models.quantized(model, session.config.settings_of(model).model_copy(update={"quantizer": "nncf"}))
    kept = quantized_names(ir.file(MODEL_FILE))
    return RevertedLayers(
        ir,
        plain,
        read_tuning(ir),
        tuple(name for name in quantized_names(plain.file(MODEL_FILE)) if name not in kept),
        time_irs(
            session,
            models.variant(model, "int8"),
            models.variant_of(model, plain, subject="INT8"),
            session.corpora.first(model),
        ),
    )


def tuned_verdict(found: RevertedLayers, settings: ModelSettings) -> Verdict:
    """Gate the drop where it was tuned: NNCF ends without a word where it could not reach it."""
    tuning = found.tuning
    return Verdict(
        gate="tuned_wer_drop",
        subject="INT8",
        value=tuning.tuned_wer - tuning.fp16_wer,
        relation="<=",
        threshold=settings.accuracy_control.max_drop,
        basis=f"FP16 {tuning.fp16_wer:.4g}, {len(found.layers)} layers reverted",
        scope=f"{settings.name}, {len(tuning.utterances)} calibration utterances, tuned on",
        remedy="NNCF ends without reaching it where no layer is left to revert: raise accuracy_control.max_drop",
    )
