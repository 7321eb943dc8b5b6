"""Data sets that `datasets` has written to the disk: folders of `save_to_disk`, and single Arrow files of its cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from wergate.corpora.sources.base import Column, Row, holds
from wergate.errors import SuiteError

STATE = "state.json"  # in each folder of `save_to_disk` with the rows of one split
_ROWS_AT_ONCE = 16


class SavedSource:
    """The rows of one split, whose Arrow files stay on the disk."""

    def __init__(self, path: Path) -> None:
        """Open a folder of `save_to_disk`, or an Arrow file.

        Raises:
            SuiteError: `datasets` cannot open it.
        """
        self.folder = path if path.is_dir() else path.parent
        self._path = path
        self._table = _opened(path)
        self.columns = tuple(Column(field.name, holds(field.type)) for field in self._table.features.arrow_schema)

    def rows(self, numbers: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield rows; without numbers, all."""
        import pyarrow as pa

        wanted = range(len(self._table)) if numbers is None else numbers
        for first in range(0, len(wanted), _ROWS_AT_ONCE):
            block = wanted[first : first + _ROWS_AT_ONCE]
            try:
                cells = self._table[list(block)].to_pylist()
            except (OSError, pa.ArrowException) as error:
                raise SuiteError(
                    f"data set '{self._path}' cannot be read completely (row {block[0]}): {error}; save it again"
                ) from error
            yield from (Row(number, row) for number, row in zip(block, cells, strict=True))


def _opened(path: Path) -> Any:
    import datasets
    import pyarrow as pa

    try:
        found = datasets.load_from_disk(str(path)) if path.is_dir() else datasets.Dataset.from_file(str(path))
        return found.with_format("arrow")  # this format decodes no audio
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException) as error:
        raise SuiteError(
            f"data set '{path}' cannot be opened: {error}; a folder of save_to_disk, or an Arrow file of `datasets`, "
            "is accepted; save it again"
        ) from error
