"""Canaries: known-bad inputs must fail. A gate that passes one of them could pass anything."""

from __future__ import annotations

from wergate.config.models import ModelSettings
from wergate.gates.canaries import bad_audio_verdicts, bad_letter_verdict, bad_reference_verdict, bad_verdicts
from wergate.models.variant import Variant
from wergate.verdict import Status, Verdict


def passing(*verdicts: Verdict) -> list[str]:
    """Return the lines of the verdicts that pass. Tests assert on them directly, since a gate may be broken."""
    return [verdict.line for verdict in verdicts if verdict.status is Status.PASS]


def test_known_bad_figures_fail(model_settings: ModelSettings, variant: Variant) -> None:
    """Figures just beyond the thresholds of suite.toml fail the gates of this run."""
    stated = model_settings.thresholds.of(variant.precision)
    passed = passing(*bad_verdicts(stated, variant.thresholds))
    assert not passed, "known to be bad, but passed:\n" + "\n".join(passed)


def test_known_bad_inputs_fail(model_settings: ModelSettings) -> None:
    """A reference recognizer with too high a WER, and insufficient calibration audio, fail the gates."""
    limit = model_settings.thresholds.reference_wer_max
    passed = passing(*bad_audio_verdicts(model_settings.calibration_audio))
    passed += passing(bad_reference_verdict(limit, model_settings.thresholds.int8)) if limit is not None else []
    least = model_settings.thresholds.letter_recall_min
    letter = bad_letter_verdict(least, least) if least is not None else None
    passed += passing(letter) if letter else []
    assert not passed, "known to be bad, but passed:\n" + "\n".join(passed)
