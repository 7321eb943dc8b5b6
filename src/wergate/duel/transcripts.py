"""A side that has answered already: a file of transcripts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wergate.corpora.audio import Samples
from wergate.duel.answers import Answer
from wergate.errors import SuiteError

_LINE = 'a line {"id": "...", "text": "..."} for each utterance is accepted'


@dataclass(frozen=True)
class TranscriptSide:
    """A side that is a file of transcripts.

    Attributes:
        name: the side in messages.
        texts: transcript by utterance id.
        path: the file.
    """

    name: str
    texts: Mapping[str, str]
    path: Path


def read_transcripts(name: str, path: Path) -> TranscriptSide:
    """Read a file of lines of JSON.

    Raises:
        SuiteError: the file cannot be read, a line holds no transcript, or two lines have one id.
    """
    texts: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"transcripts '{path}' cannot be read: {error}; {_LINE}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            id_, text = _read(path, number, line)
            if id_ in texts:
                raise SuiteError(f"transcripts '{path}', line {number}: '{id_}' has a second transcript; {_LINE}")
            texts[id_] = text
    return TranscriptSide(name, texts, path)


def _read(path: Path, number: int, line: str) -> tuple[str, str]:
    try:
        found = json.loads(line)
        id_, text = found["id"], found["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise SuiteError(f"transcripts '{path}', line {number}: '{line[:60]}' holds no transcript; {_LINE}") from error
    if not isinstance(id_, str) or not isinstance(text, str):
        raise SuiteError(f"transcripts '{path}', line {number}: `id` and `text` must be strings; {_LINE}")
    return id_, text


class StoredTranscripts:
    """A side that looks its answers up.

    Attributes:
        pid: None: it has no process.
    """

    pid: int | None = None

    def __init__(self, side: TranscriptSide) -> None:
        """Take the file."""
        self._side = side

    def answer(self, utterance: str, samples: Samples) -> Answer:
        """See `Contender.answer`.

        Raises:
            SuiteError: the file has no transcript of the utterance.
        """
        del samples
        text = self._side.texts.get(utterance)
        if text is None:
            raise SuiteError(
                f"transcripts '{self._side.path}' have none of '{utterance}'; a line for each utterance of the corpus "
                "is needed; add it, or choose a part of the corpus with --limit"
            )
        return Answer(text)

    def hold(self, utterance: str, samples: Samples) -> Answer:
        """See `Contender.hold`."""
        return self.answer(utterance, samples)

    def again(self) -> Answer:
        """Refuse to be timed."""
        raise NotImplementedError

    def close(self) -> None:
        """See `Contender.close`."""
