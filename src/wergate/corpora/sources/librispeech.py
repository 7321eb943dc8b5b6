"""LibriSpeech's folder tree, with a `*.trans.txt` file of "ID TRANSCRIPT" lines and the recordings in each chapter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

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
        for number, (chapter, line) in enumerate(self._lines()):
            if wanted is None or number in wanted:
                name, _, text = line.partition(" ")
                cells = {"id": name, "audio": _audio(chapter, name), "text": text, "speaker": name.partition("-")[0]}
                yield Row(number, cells)

    def _lines(self) -> Iterator[tuple[Path, str]]:
        for path in self._transcripts:
            try:
                lines = path.read_text(encoding="utf-8-sig").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise SuiteError(
                    f"transcripts '{path}' cannot be read: {error}; a text file in UTF-8 is accepted; correct the file"
                ) from error
            yield from ((path.parent, line.strip()) for line in lines if line.strip())


def _audio(chapter: Path, name: str) -> Path:
    """Return the path of a recording: FLAC as in the original corpus, or another format if it was converted."""
    paths = [chapter / f"{name}{suffix}" for suffix in _SUFFIXES]
    return next((path for path in paths if path.is_file()), paths[0])
