"""Decoding of audio to mono samples at the model's rate, and the one-line errors for anything else."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.tiny import RATE, encoded, sound
from wergate.corpora.audio import Header, Part, Waveform, decode, read_header
from wergate.errors import BadUtteranceError, SuiteError


def waveform(data: bytes) -> Waveform:
    """Decode for a 16 kHz model."""
    return decode(data, RATE, name="u1")


@dataclass(frozen=True)
class Container:
    """A container and encoding, and the largest error it makes in a sample."""

    id: str
    subtype: str
    tolerance: float


CONTAINERS = (
    Container("WAV", "FLOAT", 0.0),
    Container("WAV", "PCM_16", 1 / 32768),
    Container("FLAC", "PCM_16", 1 / 32768),
    Container("WAV", "PCM_24", 2**-23),
    Container("WAV", "ULAW", 0.05),
    Container("OGG", "VORBIS", 0.15),
    Container("OGG", "OPUS", 0.3),
    Container("MP3", "MPEG_LAYER_III", 0.25),
)


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda container: f"{container.id} {container.subtype}")
def test_containers_are_read(container: Container) -> None:
    """Each container returns its samples within its own precision, and without a shift in time."""
    samples = sound(0.3, seed=1)
    decoded = waveform(encoded(samples, container=container.id, subtype=container.subtype))
    assert (np.float32, len(samples), ()) == (decoded.samples.dtype, len(decoded.samples), decoded.notes)
    assert np.abs(decoded.samples - samples).max() <= container.tolerance
    assert np.corrcoef(decoded.samples, samples)[0, 1] > 0.95


@pytest.mark.parametrize(
    ("container", "subtype", "rate"),
    [
        ("MP3", "MPEG_LAYER_III", 44_100),
        ("MP3", "MPEG_LAYER_III", 22_050),
        ("OGG", "OPUS", 48_000),
        ("OGG", "OPUS", 24_000),
        ("OGG", "VORBIS", 44_100),
        ("FLAC", "PCM_24", 96_000),
    ],
)
def test_stereo_at_other_rates_is_read(container: str, subtype: str, rate: int) -> None:
    """Stereo audio decodes to the mean of both channels at 16 kHz, in phase with the original."""
    time_s = np.arange(rate) / rate
    tone = 0.4 * np.sin(2 * np.pi * 330 * time_s) * np.sin(2 * np.pi * 2 * time_s)
    stereo = np.stack([tone, tone / 2], axis=1).astype(np.float32)
    decoded = waveform(encoded(stereo, rate=rate, container=container, subtype=subtype))
    expected = 0.75 * np.interp(np.arange(RATE) / RATE, time_s, tone)
    assert (rate, 2, RATE) == (decoded.source_rate, decoded.source_channels, len(decoded.samples))
    assert np.abs(decoded.samples - expected).max() < 0.02


def test_a_file_decodes_like_its_bytes(tmp_path: Path) -> None:
    """A path decodes to the same samples as the content of its file."""
    data = encoded(sound(0.3, seed=1))
    (tmp_path / "a.flac").write_bytes(data)
    from_file = decode(tmp_path / "a.flac", RATE, name="u1")
    np.testing.assert_array_equal(waveform(data).samples, from_file.samples)


def test_a_header_has_the_length() -> None:
    """A header has frames, rate and channels, of a whole recording or of a part."""
    data = encoded(np.zeros((8000, 2), np.float32), rate=8000, container="WAV")
    assert Header(0, 8000, 8000, 2) == read_header(data, name="u1")
    assert Header(2000, 4000, 8000, 2) == read_header(data, name="u1", part=Part(0.25, 0.5))
    assert 0.5 == read_header(data, name="u1", part=Part(0.25, 0.5)).duration_s


def test_three_hours_are_refused_by_their_header(tmp_path: Path) -> None:
    """The error names both durations and the remedy; a sparse file of 3 hours takes no time as it is not decoded."""
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(encoded(np.zeros(10, np.float32), rate=RATE, container="WAV"))
        file.truncate(44 + 2 * RATE * 3 * 3600)
    with path.open("r+b") as file:
        file.seek(40)
        file.write((2 * RATE * 3 * 3600).to_bytes(4, "little"))
    begun = time.process_time()
    for read in (lambda: read_header(path, name="u1", max_duration_s=600), lambda: long_decode(path)):
        with pytest.raises(BadUtteranceError, match=r"'u1' lasts 10800.0 s, but at most 600 s are accepted; cut") as e:
            read()
        assert "too long" == e.value.reason
    assert time.process_time() - begun < 0.3  # decoding would take 1 s of CPU time


def long_decode(path: Path) -> Waveform:
    """Decode with a limit."""
    return decode(path, RATE, name="u1", max_duration_s=600)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_other_rates_are_resampled(rate: int) -> None:
    """Resampling keeps the frequency and level of a tone and its duration, and a note reports it."""
    time_s = np.arange(rate) / rate
    decoded = waveform(encoded((0.5 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32), rate=rate))
    spectrum = np.abs(np.fft.rfft(decoded.samples * np.hanning(len(decoded.samples))))
    assert (16_000, 440) == (len(decoded.samples), round(spectrum.argmax() * RATE / len(decoded.samples)))
    assert np.abs(decoded.samples[4000:12000]).max() == pytest.approx(0.5, abs=0.01)
    assert (f"resampled from {rate} Hz to 16000 Hz",) == decoded.notes


def test_channels_are_mixed_down() -> None:
    """Mixing down takes the mean of the channels, and a note reports it."""
    left, right = sound(0.2, seed=1), sound(0.2, seed=2)
    decoded = waveform(encoded(np.stack([left, right], axis=1), container="WAV", subtype="FLOAT"))
    np.testing.assert_allclose(decoded.samples, (left + right) / 2, atol=1e-6)
    assert ("mixed down from 2 channels",) == decoded.notes


def test_resampling_and_mixing_are_both_noted() -> None:
    """Stereo at another rate has two notes."""
    stereo = np.full((4410, 2), 0.1, np.float32)
    decoded = waveform(encoded(stereo, rate=44_100, container="WAV"))
    assert ("resampled from 44100 Hz to 16000 Hz", "mixed down from 2 channels") == decoded.notes
    assert decoded.duration_s == pytest.approx(0.1, abs=1e-3)


@dataclass(frozen=True)
class Refusal:
    """Bytes that are not a usable recording, and the expected error."""

    id: str
    data: bytes
    message: str


def _poisoned(value: float) -> bytes:
    samples = sound(0.1, seed=3)
    samples[[5, 9]] = value
    return encoded(samples, container="WAV", subtype="FLOAT")


def _variable(*, headless: bool) -> bytes:
    """Return 8 s of MP3 at a variable bit rate, a tone and then noise, with or without the header with its length."""
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(5 * RATE) / RATE)
    samples = np.concatenate([tone, 0.3 * np.random.default_rng(0).normal(size=3 * RATE)])
    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", RATE, 1, "MPEG_LAYER_III", format="MP3", bitrate_mode="VARIABLE") as file:
        file.write(samples.astype(np.float32))
    data = stream.getvalue()
    return data[data.index(data[:2], data.index(b"Xing")) :] if headless else data


def _unknown_length() -> bytes:
    """Return a FLAC whose header has no number of samples, like one that was written to a pipe."""
    data = bytearray(encoded(sound(0.3, seed=1)))
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    return bytes(data)


def test_tags_at_the_end_are_not_audio() -> None:
    """An MP3 with its title in the last 128 bytes, or in a longer tag, counts as completely decoded."""
    data = _variable(headless=False)
    for tag in (b"TAG" + b" " * 125, b"APETAGEX" + b" " * 5000 + b"TAG" + b" " * 125):
        assert 8 * RATE == len(waveform(data + tag).samples)


REFUSALS = (
    Refusal("no bytes", b"", r"'u1' cannot be decoded \(0 bytes"),
    Refusal("no audio", b"not audio at all", r"'u1' cannot be decoded \(16 bytes"),
    Refusal("half a header", encoded(sound(0.1, seed=1))[:20], r"'u1' cannot be decoded \(20 bytes"),
    Refusal("no samples", encoded(np.zeros(0, np.float32), container="WAV"), "'u1' holds 0 samples"),
    Refusal("no samples in OGG", encoded(np.zeros(0, np.float32), container="OGG"), "'u1' holds 0 samples"),
    Refusal("half a FLAC", encoded(sound(2.0, seed=1))[:30_000], "'u1' cannot be decoded"),
    Refusal("half an MP3", _variable(headless=False)[:10_000], r"ends after \d\.\d\d s, but its header states 8.00 s"),
    Refusal(
        "MP3 of unknown length", _variable(headless=True), "with part of the file unread: it is damaged, or an MP3"
    ),
    Refusal("FLAC of unknown length", _unknown_length(), r"'u1' does not state its length \(FLAC written to"),
    Refusal("NaN", _poisoned(np.nan), "'u1' has 2 samples that are NaN or infinite"),
    Refusal("infinite", _poisoned(np.inf), "'u1' has 2 samples that are NaN or infinite"),
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.id)
def test_unusable_audio_is_refused(refusal: Refusal) -> None:
    """The error names the utterance, the defect and the remedy in one line."""
    with pytest.raises(SuiteError, match=refusal.message) as caught:
        waveform(refusal.data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("samples", "remarks"),
    [
        pytest.param(sound(0.5, seed=1), (), id="speech"),
        pytest.param(sound(0.5, seed=1) / np.abs(sound(0.5, seed=1)).max(), (), id="scaled to its peak"),
        pytest.param(np.clip(sound(0.5, seed=1) * 4, -1, 1), ("clipped",), id="clipped"),
        pytest.param(sound(0.5, seed=1) * 4, ("clipped",), id="beyond full scale"),
        pytest.param(np.zeros(8000, np.float32), ("silent",), id="zeros"),
        pytest.param(sound(0.5, seed=1) * 1e-5, ("silent",), id="nearly zero"),
    ],
)
def test_odd_levels_are_noted(samples: np.ndarray, remarks: tuple[str, ...]) -> None:
    """Clipped and silent recordings are usable, and are counted in a run's notes."""
    decoded = waveform(encoded(samples, container="WAV", subtype="FLOAT"))
    assert (remarks, remarks) == (decoded.remarks, decoded.notes)


@pytest.mark.parametrize(
    ("container", "subtype"),
    [("WAV", "GSM610"), ("WAV", "G721_32"), ("WAV", "NMS_ADPCM_32"), ("AIFF", "GSM610"), ("AU", "G723_40")],
)
def test_files_without_seek_are_read(container: str, subtype: str, tmp_path: Path) -> None:
    """Telephone archives hold GSM 6.10; a part is that of the whole, from memory and from a file."""
    path = tmp_path / "a"
    soundfile.write(path, sound(2.0, seed=1, rate=8000), 8000, format=container, subtype=subtype)
    assert not soundfile.SoundFile(path).seekable()
    whole = decode(path, 8000, name="u1").samples
    assert 2.0 == pytest.approx(len(whole) / 8000, abs=0.05)
    assert np.corrcoef(whole[:8000], sound(2.0, seed=1, rate=8000)[:8000])[0, 1] > 0.8
    for audio in (path, path.read_bytes()):
        for part in (Part(0.0, 0.5), Part(0.2, 0.5), Part(1.5)):
            start = int(part.offset_s * 8000)
            stop = None if part.duration_s is None else start + int(part.duration_s * 8000)
            decoded = decode(audio, 8000, name="u1", part=part)
            np.testing.assert_array_equal(whole[start:stop], decoded.samples)


@pytest.mark.parametrize("frames", [8000, 7900])
def test_the_padding_of_the_last_block_is_cut_off(frames: int, tmp_path: Path) -> None:
    """GSM 6.10 fills up its last block with anything, such as noise at full scale."""
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(1.0, seed=1, rate=8000)[:frames], 8000, subtype="GSM610")
    assert soundfile.info(path).frames > frames
    decoded = decode(path, 8000, name="u1")
    assert (frames, frames, ()) == (read_header(path, name="u1").frames, len(decoded.samples), decoded.remarks)
    assert frames - 4000 == len(decode(path, 8000, name="u1", part=Part(0.5)).samples)
