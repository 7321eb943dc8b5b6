"""Transcripts on disk: a line of JSON for each utterance and recognizer, appended as they come.

What is on disk is not computed again: an interrupted run goes on where it stopped, and a finished one is scored anew
(another normalizer, other thresholds) without inference. Whole lines are appended under a lock, so that several
processes may write one file; the last line of a process that was killed while it wrote is cut off by the next one.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import filelock

from wergate.errors import SuiteError
from wergate.networks.logits import LogitsDifference

_FORMAT = "transcript/1"
_MARK = f'{{"wergate": "{_FORMAT}", '.encode()


@dataclass(frozen=True)
class Line:
    """What one recognizer made of one utterance.

    Attributes:
        reference: what was said.
        seconds: of inference; utterances that ran side by side share their time by their durations.
        logits: sums of the difference from the reference model; None for the reference model itself.
        notes: what had to be done to the audio.
        key: of the run.
        corpus_key: the beginning of the corpus's fingerprint.
        audio: SHA-256 of the encoded audio.
    """

    model: str
    corpus: str
    recognizer: str
    id: str
    duration_s: float
    reference: str
    hypothesis: str
    seconds: float
    logits: LogitsDifference | None
    notes: tuple[str, ...]
    ir: str
    key: str
    corpus_key: str
    audio: str


class TranscriptFile:
    """A file of transcripts, shared by any number of processes."""

    def __init__(self, path: Path) -> None:
        """Take a path; the file is made by its first line, and a lock file stays beside it.

        Raises:
            SuiteError: it cannot be a file of transcripts, or holds something else.
        """
        self._path = path
        self._lock = filelock.FileLock(path.with_name(f".{path.name}.lock"))
        self._require_ours()

    def lines(self) -> Iterator[Line | None]:
        """Yield the lines in the order in which they were written, None for one that cannot be read."""
        for line in self._whole_lines():
            yield _parse(line)

    def append(self, lines: Sequence[Line]) -> None:
        """Write lines at the end, all of them or, where the process is killed, some.

        Raises:
            SuiteError: the file cannot be written.
        """
        data = b"".join(map(_format, lines))
        try:
            with self._lock, self._path.open("a+b") as stream:
                _cut_partial_line(stream)
                stream.write(data)
        except OSError as error:
            raise SuiteError(
                f"transcripts file '{self._path}' cannot be written: {error.strerror or error}; "
                "free some space or correct --transcripts"
            ) from error

    def _whole_lines(self) -> Iterator[bytes]:
        """Yield what ends with a line break: what does not is being written, or was when its process was killed."""
        if not self._path.exists():
            return
        with self._path.open("rb") as stream:
            yield from (line for line in stream if line.endswith(b"\n"))

    def _require_ours(self) -> None:
        if self._path.exists() != self._path.is_file() or not self._path.resolve().parent.is_dir():
            raise SuiteError(
                f"transcripts file '{self._path}' is no file, or lies in no folder that exists; "
                "name a file, in a folder that is there, with --transcripts FILE.jsonl"
            )
        try:
            strange = self._strange_line()
        except OSError as error:
            raise SuiteError(
                f"transcripts file '{self._path}' cannot be read: {error.strerror}; correct --transcripts"
            ) from error
        if strange is not None:
            raise SuiteError(
                f"transcripts file '{self._path}' was not written by this suite: its line {strange} is no transcript; "
                "it is left as it is; name another file with --transcripts FILE.jsonl"
            )

    def _strange_line(self) -> int | None:
        if not self._path.exists():
            return None
        with self._path.open("rb") as stream:
            return next((n for n, line in enumerate(stream, 1) if line[: len(_MARK)] != _MARK[: len(line)]), None)


def _cut_partial_line(stream: BinaryIO) -> None:
    """Cut off what a killed process has begun to write; the lock is held, so nobody else is at it."""
    size = stream.seek(0, os.SEEK_END)
    if size == 0:
        return
    stream.seek(size - 1)
    if stream.read(1) != b"\n":
        stream.seek(0)
        stream.truncate(stream.read().rfind(b"\n") + 1)


def _format(line: Line) -> bytes:
    row: dict[str, Any] = {"wergate": _FORMAT, **asdict(line)}
    if line.logits is not None:
        row["logits"] = {name: _told(value) for name, value in row["logits"].items()}
    return (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n").encode(errors="backslashreplace")


def _told(value: float) -> float | str:
    """Return a number as JSON has it, and what is none by its name."""
    return value if math.isfinite(value) else str(value)


def _parse(line: bytes) -> Line | None:
    try:
        row = json.loads(line)
        del row["wergate"]
        row["notes"] = tuple(row["notes"])
        if row["logits"] is not None:
            row["logits"] = LogitsDifference(**{name: _number(value) for name, value in row["logits"].items()})
        return Line(**row)
    except (ValueError, KeyError, TypeError):
        return None


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value
