"""LibriSpeech's folder tree, with a `*.trans.txt` file of "ID TRANSCRIPT" lines and the recordings in each chapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from wergate.corpora.pointers import require_content
from wergate.corpora.sources.base import Column, Row
from wergate.errors import SuiteError

TRANSCRIPTS = ".trans.txt"
_SUFFIXES = (".flac", ".wav", ".ogg", ".opus", ".mp3")


class LibriSpeechSource:
    """The chapters of a tree, one after another."""

    columns = tuple(Column(name) for name in ("id", "audio", "text", "speaker"))

    def __init__(self, transcripts: Sequence[Path], folder: Path) -> None:
        """Set the transcript files, which are not read yet, and the root of the tree."""
        self.folder = folder
        self._transcripts = tuple(transcripts)

    def rows(self, numbers: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield rows; the speaker is the first part of an id such as 1272-128104-0000."""
        wanted = None if numbers is None else set(numbers)
        for number, (recordings, line) in enumerate(self._lines()):
            if wanted is None or number in wanted:
                name, text = [*line.split(maxsplit=1), ""][:2]  # any white space ends the id
                speaker, dash, _ = name.partition("-")
                cells = {"id": name, "audio": recordings.find(name), "text": text, "speaker": speaker if dash else ""}
                yield Row(number, cells)

    def _lines(self) -> Iterator[tuple[_Recordings, str]]:
        for path in self._transcripts:
            require_content(path)
            try:
                # `str.splitlines` would also end a line at characters within a transcript, such as U+2028.
                lines = path.read_text(encoding="utf-8-sig").split("\n")
            except (OSError, UnicodeDecodeError) as error:
                raise SuiteError(
                    f"transcripts '{path}' cannot be read: {error}; a text file in UTF-8 is accepted; correct the file"
                ) from error
            recordings = _Recordings(path.parent)
            yield from ((recordings, line.strip()) for line in lines if line.strip())


class _Recordings:
    """The recordings of a chapter, by id."""

    def __init__(self, chapter: Path) -> None:
        self._chapter = chapter

    @cached_property
    def _found(self) -> Mapping[tuple[str, str], Path]:
        """The files by name and suffix; the suffix is in lower case."""
        return {(path.stem, path.suffix.lower()): path for path in self._chapter.iterdir()}

    def find(self, name: str) -> Path:
        """Return the path of a recording: FLAC as in the original corpus, or another format if it was converted."""
        found = (self._found.get((name, suffix)) for suffix in _SUFFIXES)
        return next(filter(None, found), self._chapter / f"{name}{_SUFFIXES[0]}")
