"""What is kept of a corpus while its audio stays where it is: an entry for each utterance, made in one pass."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from wergate.corpora import audio
from wergate.corpora.recording import Recording
from wergate.corpora.spec import CorpusSpec
from wergate.errors import BadUtteranceError, SuiteError
from wergate.store import file_digest, text_digest


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of an utterance while its audio stays where it is.

    Attributes:
        number: of its row in the source.
        digest: SHA-256 of its encoded audio.
        text_digest: SHA-256 of its transcript.
        speaker: as the corpus calls who speaks; empty where it does not say.
    """

    id: str
    number: int
    digest: str
    text_digest: str
    duration_s: float
    speaker: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """An utterance that is left out: its id or what stands for it, why in a few words, and in a line."""

    utterance: str
    reason: str
    message: str


class Index:
    """The entries of a corpus while its recordings go by."""

    def __init__(self, spec: CorpusSpec) -> None:
        self.skipped: list[Skipped] = []
        self._spec = spec
        self._entries: dict[str, Entry] = {}
        self._files: dict[Path, str] = {}

    def add(self, recording: Recording | BadUtteranceError) -> None:
        """Take a recording in, or note why not."""
        try:
            if isinstance(recording, BadUtteranceError):
                raise recording
            self._add(recording)
        except BadUtteranceError as error:
            if not self._spec.skip_bad:
                raise SuiteError(f"corpus '{self._spec.name}': {error}") from error
            self.skipped.append(Skipped(error.utterance, error.reason, str(error)))  # an error would hold its audio

    def _add(self, recording: Recording) -> None:
        if recording.id in self._entries:
            raise SuiteError(
                f"corpus '{self._spec.name}' has the id '{recording.id}' twice; ids must be unique; "
                "correct them, or name another column with --columns id=..."
            )
        self._entries[recording.id] = self._entry(recording)

    def _entry(self, recording: Recording) -> Entry:
        name, part, limit_s = recording.id, recording.part, self._spec.max_duration_s
        header = audio.read_header(recording.audio, name=name, part=part, max_duration_s=limit_s)
        if self._spec.skip_bad:
            audio.decode(recording.audio, header.sampling_rate, name=name, part=part)
        return Entry(
            id=recording.id,
            number=recording.number,
            digest=self._digest(recording),
            text_digest=text_digest(recording.text),
            duration_s=header.duration_s,
            speaker=recording.speaker,
        )

    def entries(self) -> tuple[Entry, ...]:
        """Return what can be used, which is never nothing."""
        if self._entries:
            return tuple(self._entries.values())
        if self.skipped:
            raise SuiteError(
                f"corpus '{self._spec.name}' has no utterance left: all {len(self.skipped)} cannot be used; "
                f"the first: {self.skipped[0].message}"
            )
        raise SuiteError(f"corpus '{self._spec.name}' has no utterance; at least one is needed")

    def _digest(self, recording: Recording) -> str:
        """Return the digest of the encoded audio; a file is read once for its parts, which stand together."""
        if isinstance(recording.audio, bytes):
            return audio_digest(recording.audio)
        if recording.audio not in self._files:
            self._files = {recording.audio: audio_digest(recording.audio)}
        whole = self._files[recording.audio]
        return whole if recording.part is None else text_digest(f"{whole} {recording.part}")


def load(recording: Recording) -> Recording:
    """Return a recording with its audio in memory, except for a part: of a long file only that is read."""
    path = recording.audio
    if isinstance(path, bytes) or recording.part is not None or not path.is_file():
        return recording
    return replace(recording, audio=path.read_bytes())


def audio_digest(encoded: audio.Encoded) -> str:
    """Return the SHA-256 of encoded audio, a file's without holding it in memory."""
    if isinstance(encoded, bytes):
        return hashlib.sha256(encoded).hexdigest()
    return file_digest(encoded)
