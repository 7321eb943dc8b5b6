"""Canaries fail at the shipped thresholds, and pass once a threshold is looser than stated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wergate.config.base import Precision
from wergate.config.loading import load_config
from wergate.gates.canaries import bad_audio_verdicts, bad_reference_verdict, bad_verdicts
from wergate.verdict import Status, Verdict

CONFIG = load_config(Path(__file__).parents[2] / "suite.toml", {})
PRECISIONS: tuple[Precision, ...] = ("fp16", "int8")
LOOSER = {"_max": 1.1, "_min": 0.9}


def passing(*verdicts: Verdict) -> set[str]:
    """Return the gates that pass."""
    return {verdict.gate for verdict in verdicts if verdict.status is Status.PASS}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_no_canary_passes(precision: Precision) -> None:
    """All canaries fail at the shipped thresholds."""
    gates = CONFIG.thresholds.of(precision)
    verdicts = list(bad_verdicts(gates, gates))
    assert len(verdicts) > 15
    assert set() == passing(*verdicts)
    assert set() == passing(*bad_audio_verdicts(CONFIG.calibration_audio), bad_reference_verdict(0.5, gates))


STATED = [
    (precision, key)
    for precision in PRECISIONS
    for key, value in CONFIG.thresholds.of(precision).model_dump().items()
    if value and key[-4:] in LOOSER
]


@pytest.mark.parametrize(("precision", "key"), STATED)
def test_a_looser_threshold_lets_a_canary_pass(precision: Precision, key: str) -> None:
    """Each threshold is loosened by a tenth on its own; a new threshold needs a canary to pass this test."""
    stated = CONFIG.thresholds.of(precision)
    looser = stated.model_copy(update={key: getattr(stated, key) * LOOSER[key[-4:]]})
    assert passing(*bad_verdicts(stated, looser))


@pytest.mark.parametrize("tolerance", [1e-3, 1e-4, 1e-9])
def test_a_canary_of_a_strict_tolerance_is_not_longer(tolerance: float) -> None:
    """Its memory and time do not grow as the tolerance shrinks, and it still fails."""
    stated = CONFIG.thresholds.of("int8").model_copy(update={"wer_drop_max": tolerance})
    (verdict,) = [verdict for verdict in bad_verdicts(stated, stated) if verdict.gate == "wer"]
    assert verdict.status is Status.FAIL
    words = int(re.findall(r"(\d+) words", verdict.line)[0])
    assert words <= 2000


OPTIONAL = [
    (precision, key)
    for precision in PRECISIONS
    for key, value in CONFIG.thresholds.of(precision).model_dump().items()
    if value is not None and type(CONFIG.thresholds.of(precision)).model_fields[key].default is None
]


@pytest.mark.parametrize(("precision", "key"), OPTIONAL)
def test_a_threshold_lost_on_the_way_lets_a_canary_pass(precision: Precision, key: str) -> None:
    """A threshold that the variants do not carry gates nothing, so its canary counts as passed, and is named."""
    stated = CONFIG.thresholds.of(precision)
    lost = stated.model_copy(update={key: None})
    first = next(bad_verdicts(stated, lost))
    assert (Status.PASS, key) == (first.status, first.gate)
    assert f"the configuration states {getattr(stated, key):g}, but the variants carry no {key}" in first.line
    assert key != next(bad_verdicts(lost, lost)).gate  # nobody states it
