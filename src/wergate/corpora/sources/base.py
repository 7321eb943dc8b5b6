"""Interface of all corpus formats: a table whose rows are read a few at a time, with audio still encoded."""

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
        name: name of the column.
        holds: content by the column's type; "any" if the format has no types.
    """

    name: str
    holds: Holds = "any"


@dataclass(frozen=True)
class Row:
    """A row of a source.

    Attributes:
        number: row number, starting at 0; it is the same every time the source is read.
        cells: values by column name. Audio is bytes, a mapping with `bytes`, or, in a source with a folder, a path.
        folder: where the paths of this row start; None for the folder of the source.
        place: place of the row in its file, such as "m.jsonl, line 2"; empty if only its number is known.
    """

    number: int
    cells: Mapping[str, Any]
    folder: Path | None = None
    place: str = ""


class Source(Protocol):
    """An opened corpus of one format, of which only the columns have been read."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, in order."""

    @property
    def folder(self) -> Path | None:
        """Base of the relative paths in the audio column; None if the audio is never a path."""

    def rows(self, numbers: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield rows, with only a few in memory at a time.

        The method is called once to index the corpus, and once for each later use of its audio.
        A source should therefore fetch remote data only once.

        Args:
            numbers: row numbers in ascending order; None for all.

        Raises:
            SuiteError: a row cannot be read.
        """


def holds(kind: Any) -> Holds:
    """Return the content of a column by its Arrow type; plain binary counts as audio too."""
    import pyarrow.types as kinds

    if kinds.is_struct(kind):
        return "audio" if kind.get_field_index("bytes") >= 0 else "other"
    if kinds.is_binary(kind) or kinds.is_large_binary(kind):
        return "audio"
    return "text" if kinds.is_string(kind) or kinds.is_large_string(kind) else "other"
