"""Where recordings come from: one table of rows for each form of a corpus, read one at a time and never decoded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

Holds = Literal["audio", "text", "other", "any"]


@dataclass(frozen=True)
class Column:
    """A column of a source.

    Attributes:
        holds: what its type says: encoded audio, a string, something else, or "any" where only the cells tell.
    """

    name: str
    holds: Holds = "any"


@dataclass(frozen=True)
class Row:
    """A row of a source.

    Attributes:
        number: from 0, in the source's order; the same row has the same number every time.
        cells: by column. Audio is bytes, a mapping with `bytes`, or, in a source with a folder, a path.
    """

    number: int
    cells: Mapping[str, Any]


class Source(Protocol):
    """A corpus of one form, opened: its columns are known, nothing else has been read."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, in their order."""

    @property
    def folder(self) -> Path | None:
        """What relative paths in the audio column start from; None where audio is never a path."""

    def rows(self, numbers: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield the rows with these numbers (ascending), or all, a few in memory at a time.

        It is called once to index the corpus and once for every use of its audio: what has been fetched from elsewhere
        should be kept.

        Raises:
            SuiteError: a row that cannot be read.
        """
