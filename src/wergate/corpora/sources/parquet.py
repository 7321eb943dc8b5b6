"""Parquet files in the hub's format, with a column of audio (a struct of encoded bytes and a path) and one of text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wergate.corpora.pointers import require_content
from wergate.corpora.sources.base import Column, Row, holds
from wergate.errors import SuiteError

_ROWS_AT_ONCE = 16
_READ_AHEAD_BYTES = 1 << 20  # without a buffer size, Arrow reads a whole row group, which may be the whole file


class ParquetSource:
    """One or more parquet files with the same columns, read one after another."""

    def __init__(self, paths: Sequence[Path], folder: Path | None = None) -> None:
        """Read the footers of the files.

        Args:
            paths: parquet files.
            folder: base of audio paths that are not found in the folder of their file; None if audio is never a path.

        Raises:
            SuiteError: a file is not parquet, or its columns differ from those of the first file.
        """
        self.folder = folder
        self._paths = tuple(paths)
        schemas = [_open(path).schema_arrow for path in self._paths]
        images = _images(schemas[0].metadata or {})
        self.columns = tuple(
            Column(field.name, "other" if field.name in images else holds(field.type)) for field in schemas[0]
        )
        for path, schema in zip(self._paths, schemas, strict=True):
            if set(schema.names) != set(schemas[0].names):
                raise SuiteError(
                    f"parquet file '{path}' has the columns {', '.join(schema.names)}, but '{self._paths[0].name}' has "
                    f"{', '.join(schemas[0].names)}; all files of a corpus must have the same columns; name one file"
                )

    def rows(self, numbers: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield rows; row groups without a wanted row are not read."""
        wanted = None if numbers is None else set(numbers)
        first = 0
        for path in self._paths:
            file = _open(path)
            for group in range(file.num_row_groups):
                block = range(first, first + file.metadata.row_group(group).num_rows)
                if wanted is None or not wanted.isdisjoint(block):
                    cells = _cells(path, file, group)
                    place = None if self.folder is None else path.parent
                    rows = (Row(number, row, place) for number, row in zip(block, cells, strict=True))
                    yield from (row for row in rows if wanted is None or row.number in wanted)
                first = block.stop


def _open(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    require_content(path)
    try:
        return pq.ParquetFile(path, buffer_size=_READ_AHEAD_BYTES, pre_buffer=False)
    except (OSError, pa.ArrowException) as error:
        raise SuiteError(
            f"parquet file '{path}' cannot be opened: {error}; "
            "a parquet file in the hub's format is accepted; fetch or write it again"
        ) from error


def _cells(path: Path, file: Any, group: int) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    try:
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, row_groups=[group]):
            yield from _rows(batch)
    except (OSError, pa.ArrowException) as error:
        raise SuiteError(
            f"parquet file '{path}' cannot be read completely (row group {group}): {error}; fetch or write it again"
        ) from error


def _rows(batch: Any) -> list[dict[str, Any]]:
    """Return the rows of a batch; bytes that are not UTF-8 become halves of surrogate pairs."""
    import pyarrow as pa

    try:
        return list(batch.to_pylist())
    except UnicodeDecodeError:  # Arrow stores any bytes as a string, and one cell would hide its whole batch
        strings = [pa.types.is_string(field.type) or pa.types.is_large_string(field.type) for field in batch.schema]
        columns = [
            [
                cell if cell is None else cell.decode(errors="surrogateescape")
                for cell in column.cast(pa.large_binary()).to_pylist()
            ]
            if is_string
            else column.to_pylist()
            for column, is_string in zip(batch.columns, strings, strict=True)
        ]
        return [dict(zip(batch.schema.names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _images(metadata: Mapping[bytes, bytes]) -> set[str]:
    """Return the names of the image columns, whose Arrow type is the same as that of audio columns."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {name for name, feature in features.items() if feature.get("_type") == "Image"}
    except (ValueError, LookupError, TypeError, AttributeError):  # other writers may store anything under this key
        return set()
