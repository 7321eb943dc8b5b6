"""Audio bytes become mono samples at the model's rate, or one clear error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from tiny import RATE, encoded, sound

from wergate.audio import Waveform, decode
from wergate.errors import SuiteError


def waveform(data: bytes) -> Waveform:
    """Decode for a 16 kHz model."""
    return decode(data, RATE, name="u1")


@dataclass(frozen=True)
class Container:
    """A container and how exactly it keeps samples."""

    id: str
    subtype: str
    tolerance: float


CONTAINERS = (
    Container("WAV", "FLOAT", 0.0),
    Container("WAV", "PCM_16", 1 / 32768),
    Container("FLAC", "PCM_16", 1 / 32768),
    Container("OGG", "VORBIS", 0.15),
)


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda container: f"{container.id} {container.subtype}")
def test_containers_are_read(container: Container) -> None:
    """WAV, FLAC and OGG give their samples back, as exactly as they keep them."""
    samples = sound(0.3, seed=1)
    decoded = waveform(encoded(samples, container=container.id, subtype=container.subtype))
    assert (np.float32, len(samples), ()) == (decoded.samples.dtype, len(decoded.samples), decoded.notes)
    assert np.abs(decoded.samples - samples).max() <= container.tolerance


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_other_rates_are_resampled(rate: int) -> None:
    """A tone keeps its frequency and level, the duration stays, and the note says what was done."""
    time_s = np.arange(rate) / rate
    decoded = waveform(encoded((0.5 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32), rate=rate))
    spectrum = np.abs(np.fft.rfft(decoded.samples * np.hanning(len(decoded.samples))))
    assert (16_000, 440) == (len(decoded.samples), round(spectrum.argmax() * RATE / len(decoded.samples)))
    assert np.abs(decoded.samples[4000:12000]).max() == pytest.approx(0.5, abs=0.01)
    assert (f"resampled from {rate} Hz to 16000 Hz",) == decoded.notes


def test_channels_are_mixed_down() -> None:
    """The mean of the channels is taken, and the note says so."""
    left, right = sound(0.2, seed=1), sound(0.2, seed=2)
    decoded = waveform(encoded(np.stack([left, right], axis=1), container="WAV", subtype="FLOAT"))
    np.testing.assert_allclose(decoded.samples, (left + right) / 2, atol=1e-6)
    assert ("mixed down from 2 channels",) == decoded.notes


def test_both_are_noted() -> None:
    """Stereo at another rate is told twice."""
    stereo = np.zeros((4410, 2), np.float32)
    decoded = waveform(encoded(stereo, rate=44_100, container="WAV"))
    assert ("resampled from 44100 Hz to 16000 Hz", "mixed down from 2 channels") == decoded.notes
    assert decoded.duration_s == pytest.approx(0.1, abs=1e-3)


@dataclass(frozen=True)
class Refusal:
    """Bytes that are no recording, and what is said of them."""

    id: str
    data: bytes
    message: str


def _poisoned(value: float) -> bytes:
    samples = sound(0.1, seed=3)
    samples[[5, 9]] = value
    return encoded(samples, container="WAV", subtype="FLOAT")


REFUSALS = (
    Refusal("no bytes", b"", r"'u1' cannot be decoded \(0 bytes"),
    Refusal("no audio", b"not audio at all", r"'u1' cannot be decoded \(16 bytes"),
    Refusal("half a header", encoded(sound(0.1, seed=1))[:20], r"'u1' cannot be decoded \(20 bytes"),
    Refusal("no samples", encoded(np.zeros(0, np.float32), container="WAV"), "'u1' holds 0 samples"),
    Refusal("NaN", _poisoned(np.nan), "'u1' has 2 samples that are NaN or infinite"),
    Refusal("infinite", _poisoned(np.inf), "'u1' has 2 samples that are NaN or infinite"),
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.id)
def test_what_is_no_recording_is_refused(refusal: Refusal) -> None:
    """The error names the utterance, says what is wrong and what to do, on one line."""
    with pytest.raises(SuiteError, match=refusal.message) as caught:
        waveform(refusal.data)
    assert "\n" not in str(caught.value)
