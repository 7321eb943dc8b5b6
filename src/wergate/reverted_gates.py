"""The gate of accuracy control as a quantizer: it reached what it was asked for."""

from __future__ import annotations

from wergate.config.models import ModelSettings
from wergate.reverted import Reverted
from wergate.verdict import Verdict


def tuned_verdict(found: Reverted, settings: ModelSettings) -> Verdict:
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
