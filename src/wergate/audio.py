"""Audio bytes to mono float32 samples at the model's sampling rate."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from wergate.errors import SuiteError

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Waveform:
    """Mono samples and what had to be done to get them.

    Attributes:
        samples: float32, shape (samples,), nominally within [-1, 1].
        sampling_rate: Hz, of `samples`.
        source_rate: Hz, of the recording.
        source_channels: number of channels of the recording.
    """

    samples: Samples
    sampling_rate: int
    source_rate: int
    source_channels: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sampling_rate

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the recording, for people."""
        resampled = f"resampled from {self.source_rate} Hz to {self.sampling_rate} Hz"
        mixed = f"mixed down from {self.source_channels} channels"
        done = ((resampled, self.source_rate != self.sampling_rate), (mixed, self.source_channels > 1))
        return tuple(note for note, was_done in done if was_done)


def decode(data: bytes, sampling_rate: int, *, name: str) -> Waveform:
    """Decode a recording, mix it down to mono and resample it.

    Args:
        data: an encoded file that libsndfile reads (WAV, FLAC, OGG, MP3).
        sampling_rate: Hz, of the result.
        name: the utterance, for the error message.

    Raises:
        SuiteError: the bytes are no audio, hold no sample, or a sample is not a finite number.
    """
    channels, source_rate = _read(data, name)
    mono = channels.mean(axis=1) if channels.shape[1] > 1 else channels[:, 0]
    if source_rate != sampling_rate:
        mono = soxr.resample(mono, source_rate, sampling_rate)
    samples = np.ascontiguousarray(mono, dtype=np.float32)
    return Waveform(samples, sampling_rate, source_rate, channels.shape[1])


def _read(data: bytes, name: str) -> tuple[Samples, int]:
    try:
        channels, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise SuiteError(
            f"audio of utterance '{name}' cannot be decoded ({len(data)} bytes: {error}); "
            "WAV, FLAC, OGG and MP3 are accepted; repair or remove the utterance"
        ) from error
    if channels.shape[0] == 0:
        raise SuiteError(
            f"audio of utterance '{name}' holds 0 samples; at least one frame is needed; remove the utterance"
        )
    if not np.isfinite(channels).all():
        raise SuiteError(
            f"audio of utterance '{name}' has {int((~np.isfinite(channels)).sum())} samples that are NaN or infinite; "
            "finite samples are accepted; repair or remove the utterance"
        )
    return channels, int(rate)
