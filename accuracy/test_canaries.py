"""Known-bad inputs: a gate that lets one of them pass has let everything pass."""

from __future__ import annotations

from wergate.config.models import ModelSettings
from wergate.gates.canaries import bad_audio_verdicts, bad_reference_verdict, bad_verdicts
from wergate.models.variant import Variant
from wergate.verdict import Status, Verdict


def passing(*verdicts: Verdict) -> list[str]:
    """Return what passes: asserted on, not gated, as a gate may be what is broken."""
    return [verdict.line for verdict in verdicts if verdict.status is Status.PASS]


def test_known_bad_figures_fail(model_settings: ModelSettings, variant: Variant) -> None:
    """Inputs just beyond the thresholds of suite.toml do not pass the gates of this run."""
    stated = model_settings.thresholds.of(variant.precision)
    found = passing(*bad_verdicts(stated, variant.thresholds))
    assert not found, "known to be bad, but passed:\n" + "\n".join(found)


def test_known_bad_inputs_fail(model_settings: ModelSettings) -> None:
    """A reference recognizer that understands too little, and calibration audio that is not enough."""
    worst = model_settings.thresholds.reference_wer_max
    found = passing(*bad_audio_verdicts(model_settings.calibration_audio))
    found += passing(bad_reference_verdict(worst, model_settings.thresholds.int8)) if worst is not None else []
    assert not found, "known to be bad, but passed:\n" + "\n".join(found)
