"""Messages between a driver and its workers: JSON for what they say, and plain bytes for audio, logits and IRs."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

from wergate.corpora.audio import Waveform, decode
from wergate.corpora.corpus import EncodedUtterance, Utterance
from wergate.evaluation.reference_run import ReferenceUtterance
from wergate.store import bytes_digest

Blobs = list[bytes]  # audio and reference logits of each utterance, alternately


class Opening(BaseModel):
    """The first message to a worker: the run, its IR and its settings.

    Attributes:
        run: key of the run.
        config: the configuration, as JSON.
        model, name, is_candidate, label, subject, precision: of the variant.
        frontend: of the variant.
        ir: SHA-256 of the `.xml` and of the `.bin`, which travel along.
        lengths: fixed lengths in samples that utterances are padded to; None to pad none.
        kind: the driver's kind of machine.
        source: digest of the driver's code that processes an utterance.
        store: folder of the driver's store, which the worker uses if it has the same one.
        shared_cache: whether other users may own or write the store.
    """

    run: str
    config: str
    model: str
    name: str
    is_candidate: bool
    label: str
    subject: str
    precision: str
    frontend: dict[str, Any]
    ir: tuple[str, str]
    lengths: tuple[int, ...] | None
    kind: dict[str, Any]
    source: str
    store: str
    shared_cache: bool


class Opened(BaseModel):
    """A worker that is ready, or the reason why it is not.

    Attributes:
        worker: name of its process.
        refused: the reason; empty if it is ready.
    """

    worker: str
    refused: str = ""


class Speech(BaseModel):
    """An utterance on its way to a worker; its audio and the reference model's logits travel as bytes with it.

    Attributes:
        audio, logits: SHA-256 of both.
        part: the waveform of a part of a longer file, decoded by the driver; None if the audio is encoded.
        frames: number of frames of the logits.
        hypothesis, reference_seconds: of the reference model.
    """

    id: str
    text: str
    audio: str
    logits: str
    channel: str | None
    max_duration_s: float
    part: dict[str, Any] | None
    frames: int
    hypothesis: str
    reference_seconds: float


class ShardOrder(BaseModel):
    """A shard to transcribe, and the key of its run."""

    run: str
    id: str
    speech: list[Speech]


class Answer(BaseModel):
    """The answer to a shard: its result as text, or the reason why the run must stop; one of them is empty."""

    result: str = ""
    refused: str = ""


def packed(found: EncodedUtterance, expected: ReferenceUtterance, sampling_rate: int) -> tuple[Speech, Blobs]:
    """Return an utterance as a message and the bytes that go with it.

    Args:
        expected: transcript and logits of the reference model.
        sampling_rate: rate in Hz of a waveform that is decoded here.
    """
    recording, part = found.recording, None
    if isinstance(recording.audio, bytes):
        audio = recording.audio
    else:
        waveform = found.decoded(sampling_rate).waveform
        audio, part = waveform.samples.astype("<f4").tobytes(), _format_of(waveform)
    logits = np.asarray(expected.logits).astype("<f4").tobytes()
    speech = Speech(
        id=found.entry.id,
        text=recording.text,
        audio=bytes_digest(audio),
        logits=bytes_digest(logits),
        channel=recording.channel,
        max_duration_s=found.max_duration_s,
        part=part,
        frames=len(expected.logits),
        hypothesis=expected.hypothesis,
        reference_seconds=expected.seconds,
    )
    return speech, [audio, logits]


def unpacked(speech: Speech, audio: bytes, logits: bytes, sampling_rate: int) -> tuple[Utterance, ReferenceUtterance]:
    """Return an utterance and the reference model's part of it, after checking the bytes that arrived.

    Raises:
        SuiteError: the audio cannot be decoded.
        OSError: the bytes do not match their checksums; sending them again may help.
    """
    if (bytes_digest(audio), bytes_digest(logits)) != (speech.audio, speech.logits):
        raise OSError(f"utterance '{speech.id}' was damaged on its way")
    values = np.frombuffer(logits, "<f4").reshape(speech.frames, -1)
    waveform = _decoded(speech, audio, sampling_rate) if speech.part is None else _waveform(speech.part, audio)
    utterance = Utterance(speech.id, speech.text, "", waveform)
    return utterance, ReferenceUtterance(speech.hypothesis, speech.reference_seconds, values)


def _decoded(speech: Speech, encoded: bytes, sampling_rate: int) -> Waveform:
    return decode(encoded, sampling_rate, name=speech.id, channel=speech.channel, max_duration_s=speech.max_duration_s)


def _format_of(waveform: Waveform) -> dict[str, Any]:
    """Return a waveform as JSON values, without its samples."""
    return {
        "sampling_rate": waveform.sampling_rate,
        "source_rate": waveform.source_rate,
        "source_channels": waveform.source_channels,
        "remarks": list(waveform.remarks),
    }


def _waveform(form: dict[str, Any], samples: bytes) -> Waveform:
    return Waveform(np.frombuffer(samples, "<f4"), **form | {"remarks": tuple(form["remarks"])})
