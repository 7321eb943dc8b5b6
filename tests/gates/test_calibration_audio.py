"""What can be speech is told from what cannot by how far its level moves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support.shipped import section
from wergate.config.quantization import CalibrationAudioSettings
from wergate.gates.calibration_audio import AudioStatistics, audio_verdicts, level_range_db
from wergate.verdict import Status

RATE = 16_000
SECONDS = np.arange(4 * RATE) / RATE
NOISE = np.random.default_rng(0).normal(0, 0.1, len(SECONDS)).astype(np.float32)
SHIPPED = section(CalibrationAudioSettings)


def failing(heard: AudioStatistics) -> set[str]:
    """Return the gates that do not pass at the thresholds as they are shipped."""
    return {v.gate for v in audio_verdicts(heard, SHIPPED, scope="tiny") if v.status is not Status.PASS}


def test_silence_has_no_range() -> None:
    """Nor has what is shorter than a frame."""
    assert 0.0 == level_range_db(np.zeros(RATE, np.float32), RATE)
    assert 0.0 == level_range_db(np.ones(10, np.float32), RATE)


def test_steady_noise_is_flat_and_syllables_are_not() -> None:
    """The same noise, steady, then four times a second loud and quiet."""
    assert level_range_db(NOISE, RATE) < 3
    syllables = NOISE * (0.05 + np.square(np.sin(4 * math.pi * SECONDS)))
    assert level_range_db(syllables.astype(np.float32), RATE) > 12


def test_level_alone_changes_nothing() -> None:
    """A range is a ratio."""
    assert pytest.approx(level_range_db(NOISE, RATE), abs=1e-3) == level_range_db(NOISE / 8, RATE)


def test_each_lack_has_its_gate() -> None:
    """Too few utterances, too few seconds, too little that moves."""
    assert set() == failing(AudioStatistics(60.0, (20.0,) * 12, "u"))
    assert {"calibration_utterances"} == failing(AudioStatistics(60.0, (20.0,) * 9, "u"))
    assert {"calibration_audio_s"} == failing(AudioStatistics(19.0, (20.0,) * 12, "u"))
    assert {"calibration_speech"} == failing(AudioStatistics(60.0, (20.0,) * 10 + (1.0,) * 2, "u"))
