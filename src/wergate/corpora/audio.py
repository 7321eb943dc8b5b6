"""Decoding of audio, from memory or a file, to mono float32 samples at the model's sampling rate."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from wergate.corpora.audio_headers import REMEDY, padding, require_one_stream, require_promised, streamed
from wergate.corpora.pointers import REMEDY as POINTER_REMEDY
from wergate.corpora.pointers import is_pointer
from wergate.corpora.spelling import other_spelling
from wergate.errors import BadUtteranceError

Samples = npt.NDArray[np.float32]
Encoded = bytes | Path
_CONTAINERS = "WAV, FLAC, OGG/Vorbis, OGG/Opus and MP3"
_ROUNDED_S = 0.1  # durations in manifests are rounded, so a part may end this much after its recording
_ESTIMATED = 0.02  # relative error of the length that libsndfile estimates for an MP3 without a header
_LAST_FRAMES_BYTES = 1024  # padding at the end of an MP3, which decoding may leave unread
_END_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN")
_UNKNOWN_FRAMES = 1 << 62  # libsndfile reports 2**63 - 1 frames for a FLAC that was written to a pipe
_LOUDEST = 16.0  # of full scale 1; loud recordings in floating point exceed it a little, integers by hundreds
_SKIPPED_AT_ONCE = 1 << 20  # frames
_SILENT = 1e-4  # three steps of 16-bit audio
_KEPT_MIN = 0.1  # of the channels' mean energy; two speakers, each in a channel, keep half, equal channels all
_CANCELLED = "lose most of their sound in the mean of their channels, which cancel out; name one in a column 'channel'"
_FULL_SCALE = 0.999
_VALUES_MAX = 1 << 26  # samples of all channels, 256 MB: 10 minutes in stereo at 48 kHz have fewer
_CLIPPED_MIN = 0.001  # share of the samples at full scale; a recording scaled to its peak has a few of them


@dataclass(frozen=True)
class Part:
    """A part of a recording.

    Attributes:
        offset_s: start of the part, in seconds from the beginning of the recording.
        duration_s: length in seconds; None for all of the rest.
    """

    offset_s: float
    duration_s: float | None = None


@dataclass(frozen=True)
class Header:
    """The properties of a recording, or of a part of it, that are known without decoding.

    Attributes:
        start: first frame of the part; 0 for a whole recording.
        frames: number of samples per channel in the part.
        sampling_rate: in Hz.
        channels: number of channels.
        channel: number of the channel to read; None for the mean of all.
    """

    start: int
    frames: int
    sampling_rate: int
    channels: int
    channel: int | None = None

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.sampling_rate


@dataclass(frozen=True)
class Waveform:
    """Mono samples, and the format of the recording they come from.

    Attributes:
        samples: float32, shape (samples,), nominally within [-1, 1].
        sampling_rate: rate of `samples` in Hz.
        source_rate: rate of the recording in Hz.
        source_channels: number of channels of the recording.
        remarks: oddities of the audio, such as "clipped".
    """

    samples: Samples
    sampling_rate: int
    source_rate: int
    source_channels: int
    remarks: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sampling_rate

    @property
    def notes(self) -> tuple[str, ...]:
        """The conversions of the recording, such as "mixed down from 2 channels", and its oddities."""
        resampled = f"resampled from {self.source_rate} Hz to {self.sampling_rate} Hz"
        mixed = f"mixed down from {self.source_channels} channels"
        done = ((resampled, self.source_rate != self.sampling_rate), (mixed, self.source_channels > 1))
        return (*(note for note, was_done in done if was_done), *self.remarks)


def read_header(
    audio: Encoded,
    *,
    name: str,
    part: Part | None = None,
    channel: str | None = None,
    max_duration_s: float | None = None,
) -> Header:
    """Read the header of a recording without decoding it.

    Args:
        audio: content of a file that libsndfile can read, or its path.
        name: id of the utterance, for error messages.
        part: part of the recording; None for all of it.
        channel: number of the channel, from 0; None for the mean of all. A recording of one channel has no other.
        max_duration_s: longest accepted duration; None accepts any.

    Raises:
        BadUtteranceError: the file is missing, is not audio, has no samples or no length, or is too long, the part
            lies beyond the end of the recording, or it has no such channel.
    """
    with _opened(audio, name) as (file, stream):
        require_one_stream(file, stream, name)
        return _header(file, name, part, channel, max_duration_s)


def decode(
    audio: Encoded,
    sampling_rate: int,
    *,
    name: str,
    part: Part | None = None,
    channel: str | None = None,
    max_duration_s: float | None = None,
) -> Waveform:
    """Decode a recording, mix it down to mono and resample it.

    Args:
        audio: content of a file that libsndfile can read (WAV, FLAC, OGG/Vorbis, OGG/Opus, MP3), or its path.
        sampling_rate: rate of the result in Hz.
        name: id of the utterance, for error messages.
        part: part of the recording; None for all of it.
        channel: number of the channel, from 0; None for the mean of all.
        max_duration_s: longest accepted duration, checked before decoding; None accepts any.

    Raises:
        BadUtteranceError: `read_header` refuses the recording, the audio is damaged, or a sample is not finite or far
            beyond full scale.
    """
    with _opened(audio, name) as (file, stream):
        header = _header(file, name, part, channel, max_duration_s)
        channels = _read(file, stream, header, name)
    source_rate = header.sampling_rate
    mono = channels.mean(axis=1) if channels.shape[1] > 1 else channels[:, 0]
    if source_rate != sampling_rate:
        mono = soxr.resample(mono, source_rate, sampling_rate)
    samples = np.ascontiguousarray(mono, dtype=np.float32)
    return Waveform(samples, sampling_rate, source_rate, channels.shape[1], _remarks(channels))


def _remarks(channels: Samples) -> tuple[str, ...]:
    """Return what is odd about decoded audio: shape (samples, channels), full scale 1."""
    levels = np.abs(channels)
    if levels.max(initial=0) < _SILENT:
        return ("silent",)
    remarks = ("clipped",) if np.mean(levels >= _FULL_SCALE) >= _CLIPPED_MIN else ()
    lost = channels.shape[1] > 1 and _energy(channels.mean(axis=1)) < _KEPT_MIN * _energy(channels)
    return (*remarks, _CANCELLED) if lost else remarks


def _energy(samples: Samples) -> float:
    return float(np.square(samples, dtype=np.float64).mean())


@contextmanager
def _opened(audio: Encoded, name: str) -> Iterator[tuple[Any, BinaryIO]]:
    """Open audio with libsndfile; return it with the stream that libsndfile reads from."""
    if isinstance(audio, Path) and not os.path.isfile(audio):  # noqa: PTH113 - Path.is_file raises for a long name
        other = other_spelling(audio)
        hint = f" (did you mean '{other}'?)" if other else ""
        raise BadUtteranceError(
            name,
            "missing file",
            f"audio of utterance '{name}' is missing: file '{audio}' does not exist{hint}; {REMEDY}",
        )
    try:
        with (
            audio.open("rb") if isinstance(audio, Path) else io.BytesIO(audio) as stream,
            soundfile.SoundFile(stream) as file,
        ):
            repaired = streamed(file, stream)
            if repaired is None:
                yield file, stream
            else:
                with soundfile.SoundFile(repaired) as whole:
                    yield whole, repaired
    except (soundfile.LibsndfileError, OSError) as error:
        raise _undecodable(audio, name, error) from error


def _undecodable(audio: Encoded, name: str, error: Exception) -> BadUtteranceError:
    if is_pointer(audio):
        return BadUtteranceError(
            name,
            "Git LFS pointer",
            f"audio of utterance '{name}' cannot be decoded: {POINTER_REMEDY}, or skip such utterances with --skip-bad",
        )
    size = f"file '{audio}'" if isinstance(audio, Path) else f"{len(audio)} bytes"
    reason = error.error_string if isinstance(error, soundfile.LibsndfileError) else error
    return BadUtteranceError(
        name,
        "undecodable audio",
        f"audio of utterance '{name}' cannot be decoded ({size}: {reason}); {_CONTAINERS} are accepted; {REMEDY}",
    )


def _header(file: Any, name: str, part: Part | None, channel: str | None, max_duration_s: float | None) -> Header:
    rate, frames = int(file.samplerate), int(file.frames)
    if frames >= _UNKNOWN_FRAMES:
        raise BadUtteranceError(
            name,
            "unknown length",
            f"audio of utterance '{name}' does not state its length ({file.format} written to a pipe); a header with "
            "the number of samples is needed; write the file again, or skip such utterances with --skip-bad",
        )
    if frames <= 0:
        raise BadUtteranceError(
            name, "no samples", f"audio of utterance '{name}' holds 0 samples; at least one frame is needed; {REMEDY}"
        )
    require_promised(file, name)
    frames -= padding(file)
    start, length = _cut(part, frames, rate, name)
    header = Header(start, length, rate, int(file.channels), _channel(channel, int(file.channels), name))
    if max_duration_s is not None and header.duration_s > max_duration_s:
        raise BadUtteranceError(
            name,
            "too long",
            f"audio of utterance '{name}' lasts {header.duration_s:.1f} s, but at most {max_duration_s:g} s are "
            "accepted; cut it into utterances, raise max_duration_s, or skip such utterances with --skip-bad",
        )
    if header.frames * header.channels > _VALUES_MAX:
        raise BadUtteranceError(
            name,
            "too many samples",
            f"audio of utterance '{name}' states {header.frames} samples in {header.channels} channels, but at most "
            f"{_VALUES_MAX} in all are accepted; cut it into utterances, or skip such utterances with --skip-bad",
        )
    return header


def _channel(stated: str | None, channels: int, name: str) -> int | None:
    """Return the channel to read, or None for the mean of all."""
    if stated is None or channels == 1:
        return None  # the calls of a corpus may be split already, and the column then says where each file comes from
    if stated.isdecimal() and int(stated) < channels:
        return int(stated)
    raise BadUtteranceError(
        name,
        "wrong channel",
        f"channel of utterance '{name}' is '{stated}', but its recording has {channels} channels; a number "
        f"from 0 to {channels - 1}, or 'average' for the mean of all, is accepted; {REMEDY}",
    )


def _cut(part: Part | None, frames: int, rate: int, name: str) -> tuple[int, int]:
    """Return the first frame and the number of frames of a part.

    Durations in manifests are rounded, so a part may end up to 0.1 s after its recording.
    """
    if part is None:
        return 0, frames
    start = round(part.offset_s * rate)
    wanted = frames - start if part.duration_s is None else round(part.duration_s * rate)
    length = min(wanted, frames - start)
    if length <= 0 or wanted - length > _ROUNDED_S * rate:
        end = "its end" if part.duration_s is None else f"{part.offset_s + part.duration_s:g} s"
        raise BadUtteranceError(
            name,
            "part beyond the recording",
            f"utterance '{name}' is the part from {part.offset_s:g} s to {end} of a recording of "
            f"{frames / rate:.2f} s; the part must lie within the recording; {REMEDY}",
        )
    return start, length


def _read(file: Any, stream: BinaryIO, header: Header, name: str) -> Samples:
    """Return the samples of a part: float32, shape (samples, channels)."""
    _skip(file, header.start)
    channels: Samples = file.read(header.frames, dtype="float32", always_2d=True)
    _require_all(file, stream, header, len(channels), name)
    if header.channel is not None:
        channels = channels[:, header.channel : header.channel + 1]
    if not np.isfinite(channels).all():
        raise BadUtteranceError(
            name,
            "non-finite samples",
            f"audio of utterance '{name}' has {int((~np.isfinite(channels)).sum())} samples that are NaN or infinite; "
            f"all samples must be finite; {REMEDY}",
        )
    loudest = float(np.abs(channels).max(initial=0))
    if loudest > _LOUDEST:
        raise BadUtteranceError(
            name,
            "samples out of range",
            f"audio of utterance '{name}' reaches {loudest:.4g}, but full scale is 1: its samples are integers, "
            "written as floating point; divide them by the largest integer (32768 for 16 bits) and write the file "
            "again, or skip such utterances with --skip-bad",
        )
    return channels


def _skip(file: Any, frames: int) -> None:
    """Move to a frame; where libsndfile cannot seek, as in GSM 6.10 of telephone archives, by decoding up to it."""
    if file.seekable():
        file.seek(frames)
        return
    while frames > 0:
        frames -= len(file.read(min(frames, _SKIPPED_AT_ONCE), dtype="float32")) or frames


def _require_all(file: Any, stream: BinaryIO, header: Header, decoded: int, name: str) -> None:
    """Raise an error if decoding stopped before the end of the audio."""
    # libsndfile reports no error for a damaged MP3. It also guesses the length of a variable-bit-rate MP3 without
    # the usual header from the first frames, and stops there with most of the file unread.
    missing = header.frames - decoded > max(_ROUNDED_S * header.sampling_rate, _ESTIMATED * header.frames)
    left = file.format == "MP3" and decoded == file.frames and _unread(stream) > _LAST_FRAMES_BYTES
    if missing or left:
        header_s, decoded_s = header.duration_s, decoded / header.sampling_rate
        reason = "with part of the file unread" if left else f"but its header states {header_s:.2f} s"
        raise BadUtteranceError(
            name,
            "audio cut short",
            f"audio of utterance '{name}' ends after {decoded_s:.2f} s, {reason}: it is damaged, or an MP3 of variable "
            f"bit rate without a header; complete files are accepted; {REMEDY}",
        )


def _unread(stream: BinaryIO) -> int:
    """Return the number of undecoded bytes, not counting the tags at the end of a file."""
    tail = stream.read()
    return min(len(tail.partition(tag)[0]) for tag in _END_TAGS)
