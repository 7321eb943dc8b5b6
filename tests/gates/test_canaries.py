"""Known-bad inputs fail at the shipped thresholds, and pass as soon as a threshold is looser than it is stated."""

from __future__ import annotations

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
def test_nothing_bad_passes(precision: Precision) -> None:
    """At the thresholds as they are shipped."""
    gates = CONFIG.thresholds.of(precision)
    found = list(bad_verdicts(gates, gates))
    assert len(found) > 15
    assert set() == passing(*found)
    assert set() == passing(*bad_audio_verdicts(CONFIG.calibration_audio), bad_reference_verdict(0.5, gates))


STATED = [
    (precision, key)
    for precision in PRECISIONS
    for key, value in CONFIG.thresholds.of(precision).model_dump().items()
    if value and key[-4:] in LOOSER
]


@pytest.mark.parametrize(("precision", "key"), STATED)
def test_a_looser_threshold_is_seen(precision: Precision, key: str) -> None:
    """Each threshold by itself, a tenth looser than stated; one that is new wants a known-bad input, too."""
    stated = CONFIG.thresholds.of(precision)
    looser = stated.model_copy(update={key: getattr(stated, key) * LOOSER[key[-4:]]})
    assert passing(*bad_verdicts(stated, looser))
