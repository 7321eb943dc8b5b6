"""The index of a corpus: one small entry for each utterance, made in one pass over the recordings."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from wergate.corpora import audio
from wergate.corpora.recording import Recording
from wergate.corpora.spec import CorpusSpec
from wergate.errors import BadUtteranceError, SuiteError
from wergate.store import file_digest, text_digest


@dataclass(frozen=True, slots=True)
class Entry:
    """The metadata of an utterance, kept in memory while its audio stays in the source.

    Attributes:
        id: id of the utterance, unique in the corpus.
        source_id: id in the source, which several utterances may have.
        number: row number in the source.
        digest: SHA-256 of the encoded audio.
        text_digest: SHA-256 of the transcript.
        duration_s: length in seconds, from the header of the audio.
        speaker: name of the speaker in the corpus; empty if unknown.
    """

    id: str
    source_id: str
    number: int
    digest: str
    text_digest: str
    duration_s: float
    speaker: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """An unusable utterance that was left out.

    Attributes:
        utterance: its id, or the row number if it has no id.
        reason: short name of the defect, equal for all utterances with the same defect.
        message: the full error in one line.
    """

    utterance: str
    reason: str
    message: str


class Index:
    """Collects the entries of a corpus, one recording at a time."""

    def __init__(self, spec: CorpusSpec) -> None:
        self.skipped: list[Skipped] = []
        self._spec = spec
        self._entries: dict[str, Entry] = {}
        self._repeated: dict[str, int] = {}
        self._files: dict[Path, str] = {}

    def add(self, recording: Recording | BadUtteranceError) -> None:
        """Add a recording to the index, or record why it is skipped.

        Raises:
            SuiteError: the recording is unusable, and `spec.skip_bad` is not set.
        """
        try:
            if isinstance(recording, BadUtteranceError):
                raise recording
            self._add(recording)
        except BadUtteranceError as error:
            if not self._spec.skip_bad:
                raise SuiteError(f"corpus '{self._spec.name}': {error}") from error
            # Keeping the exception itself would keep the audio in its traceback in memory.
            self.skipped.append(Skipped(error.utterance, error.reason, str(error)))

    def _add(self, recording: Recording) -> None:
        name = self._unique(recording.id)
        self._entries[name] = self._entry(recording, name)
        if name != recording.id:
            self._repeated[recording.id] = self._repeated.get(recording.id, 0) + 1

    def _unique(self, name: str) -> str:
        """Return an id that no entry has: the given one, or else the first free one of `ID#2`, `ID#3` and so on."""
        # FLEURS, for one, has the id of the sentence, which several people read.
        number, free = self._repeated.get(name, 0) + 1, name
        while free in self._entries:
            number += 1
            free = f"{name}#{number}"
        return free

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks for the user, such as that ids were made unique."""
        if not self._repeated:
            return ()
        first, count = next(iter(self._repeated)), sum(self._repeated.values())
        note = (
            f"{count} utterances have the id of another one, first '{first}', and are named '{first}#2' and so on; "
            "--columns id=NAME names a column with unique ids, such as that of the paths"
        )
        return (note,)

    def _entry(self, recording: Recording, name: str) -> Entry:
        part, channel, limit_s = recording.part, recording.channel, self._spec.max_duration_s
        header = audio.read_header(recording.audio, name=name, part=part, channel=channel, max_duration_s=limit_s)
        if self._spec.skip_bad:
            audio.decode(recording.audio, header.sampling_rate, name=name, part=part, channel=channel)
        return Entry(
            id=name,
            source_id=recording.id,
            number=recording.number,
            digest=_of_channel(self._digest(recording), header.channel),
            text_digest=text_digest(recording.text),
            duration_s=header.duration_s,
            speaker=recording.speaker,
        )

    def entries(self) -> tuple[Entry, ...]:
        """Return the entries of all usable utterances, at least one.

        Raises:
            SuiteError: the corpus has no utterance, or all are skipped.
        """
        if self._entries:
            return tuple(self._entries.values())
        if self.skipped:
            raise SuiteError(
                f"corpus '{self._spec.name}' has no utterance left: all {len(self.skipped)} are unusable; "
                f"the first: {self.skipped[0].message}"
            )
        raise SuiteError(f"corpus '{self._spec.name}' has no utterance; at least one is needed")

    def _digest(self, recording: Recording) -> str:
        """Return the digest of the encoded audio, or of a part of it."""
        if isinstance(recording.audio, bytes):
            return audio_digest(recording.audio)
        if recording.part is None:
            return audio_digest(recording.audio)
        # Parts of several long files may alternate, so each file is remembered.
        if recording.audio not in self._files:
            self._files[recording.audio] = audio_digest(recording.audio)
        return text_digest(f"{self._files[recording.audio]} {recording.part}")


def _of_channel(digest: str, channel: int | None) -> str:
    """Return the digest of one channel of audio; None stands for all channels."""
    return digest if channel is None else text_digest(f"{digest} channel {channel}")


def has_digest(recording: Recording, digest: str) -> bool:
    """Return whether a digest is that of a recording in memory, or of its channel."""
    whole, channel = audio_digest(recording.audio), recording.channel
    return digest in {whole, _of_channel(whole, int(channel)) if channel and channel.isdecimal() else whole}


def load(recording: Recording) -> Recording:
    """Return a recording with its audio in memory; a part stays a path, so that the rest of its file is not read."""
    path = recording.audio
    if isinstance(path, bytes) or recording.part is not None or not os.path.isfile(path):  # noqa: PTH113
        return recording
    return replace(recording, audio=path.read_bytes())


def audio_digest(encoded: audio.Encoded) -> str:
    """Return the SHA-256 of encoded audio; a file is read in chunks."""
    if isinstance(encoded, bytes):
        return hashlib.sha256(encoded).hexdigest()
    return file_digest(encoded)
