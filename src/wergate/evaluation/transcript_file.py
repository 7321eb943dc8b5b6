"""Transcripts on disk: one line of JSON for each utterance and recognizer, appended as it is finished.

Finished utterances are not computed again. An interrupted run resumes where it stopped, and a finished run can be
scored again without inference, for example with another normalizer or other thresholds.

Whole lines are appended under a lock, so several processes may write to one file. If a process is killed or the power
fails while it writes, the next process removes the partial line.

Each line ends with a checksum of its content. A line that was changed later is refused. The checksum has no secret: it
shows edits and accidents, and no forgery by somebody who computes it again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wergate.disk.lines import LineFile
from wergate.errors import SuiteError
from wergate.networks.logits import LogitsDifference
from wergate.store import text_digest

_FORMAT = "transcript/1"
_MARK = f'{{"wergate": "{_FORMAT}", '.encode()
_CHECKSUM = "checksum"


@dataclass(frozen=True)
class Line:
    """One recognizer's transcript of one utterance.

    Attributes:
        reference: reference text.
        seconds: inference time; utterances that ran concurrently share the time in proportion to their durations.
        logits: sums of the difference from the reference model's logits; None for the reference model itself.
        notes: conversions that the audio needed.
        ir: key of the IR; empty for the reference model.
        key: key of the run.
        corpus_key: first digits of the corpus's fingerprint.
        audio: SHA-256 of the encoded audio.
        signed: whether the line in the file has a checksum; earlier versions wrote none.
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
    signed: bool = True


class TranscriptFile:
    """A file of transcripts, shared by any number of processes.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        """Take a path; the first append creates the file, and a lock file stays next to it.

        Raises:
            SuiteError: the path cannot be a file, or the file holds something other than transcripts.
        """
        self.path = path
        self._lines = LineFile(path)
        self._require_ours()

    def lines(self) -> Iterator[Line | None]:
        """Yield the lines in the order of writing; None stands for a line that cannot be parsed.

        Raises:
            SuiteError: a line does not match its checksum, or the file cannot be read.
        """
        with self._readable():
            for number, line in self._lines.numbered():
                row = _row(line)
                if not _is_intact(row):
                    raise SuiteError(
                        f"transcripts file '{self.path}': line {number} does not match its checksum, so it was changed "
                        "after it was written; lines as the suite wrote them are accepted; delete that line, and its "
                        "utterance is transcribed again"
                    )
                yield _parse(row)

    def append(self, lines: Sequence[Line]) -> None:
        """Append lines; a killed process may have written only some of them, and a power cut those of the last second.

        Raises:
            SuiteError: the file cannot be written.
        """
        with self._explained():
            self._lines.append(b"".join(map(_format, lines)))

    def sync(self) -> None:
        """Wait until all appended lines are on the disk.

        Raises:
            SuiteError: the disk did not take them.
        """
        with self._explained():
            self._lines.sync()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn an error of the file system into one line."""
        try:
            yield
        except OSError as error:
            raise SuiteError(
                f"transcripts file '{self.path}' cannot be written: {error.strerror or error}; "
                "free some space or correct --transcripts"
            ) from error

    def _require_ours(self) -> None:
        with self._readable():
            # Another process may create the file between two calls, so it is looked at again only if it exists.
            is_possible = self.path.resolve().parent.is_dir() and (not self.path.exists() or self.path.is_file())
            foreign = self._foreign_line_number() if is_possible else None
        if not is_possible:
            raise SuiteError(
                f"transcripts file '{self.path}' is not a file, or its folder does not exist; "
                "name a file in an existing folder with --transcripts FILE.jsonl"
            )
        if foreign is not None:
            raise SuiteError(
                f"transcripts file '{self.path}' was not written by this suite: line {foreign} is not a transcript; "
                "the file was not changed; name another file with --transcripts FILE.jsonl"
            )

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Turn an error of the file system while the file is read into one line."""
        try:
            yield
        except OSError as error:
            raise SuiteError(
                f"transcripts file '{self.path}' cannot be read: {error.strerror}; correct --transcripts"
            ) from error

    def _foreign_line_number(self) -> int | None:
        lines = enumerate(self._lines.raw(), 1)
        return next((number for number, line in lines if not _is_ours(line)), None)


def _is_ours(line: bytes) -> bool:
    """Return whether a line, or the part of it that was written, starts as ours do; a power cut may leave NUL bytes."""
    return all(found in {0, expected} for found, expected in zip(line, _MARK, strict=False))


def _format(line: Line) -> bytes:
    row: dict[str, Any] = {"wergate": _FORMAT, **asdict(line)}
    del row["signed"]
    if line.logits is not None:
        row["logits"] = {name: _json_number(value) for name, value in row["logits"].items()}
    row[_CHECKSUM] = _checksum(row)
    return (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n").encode(errors="backslashreplace")


def _checksum(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a row without its checksum, in canonical JSON."""
    content = {name: value for name, value in row.items() if name != _CHECKSUM}
    return text_digest(json.dumps(content, sort_keys=True, separators=(",", ":")))


def _is_intact(row: Mapping[str, Any] | None) -> bool:
    """Return whether a row matches its checksum, or has none."""
    return row is None or row.get(_CHECKSUM) is None or row[_CHECKSUM] == _checksum(row)


def _json_number(value: float) -> float | str:
    """Return a finite number as it is, and NaN or an infinity as its name, since JSON has no such numbers."""
    return value if math.isfinite(value) else str(value)


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _parse(row: dict[str, Any] | None) -> Line | None:
    if row is None:
        return None
    try:
        del row["wergate"]
        row["signed"] = row.pop(_CHECKSUM, None) is not None
        row["notes"] = tuple(row["notes"])
        if row["logits"] is not None:
            row["logits"] = LogitsDifference(**{name: _number(value) for name, value in row["logits"].items()})
        return Line(**row)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value
