"""Rows of the hub to a parquet file of one's own: a part of a large split without the rest of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from wergate.sources.hub_place import Place, opened
from wergate.sources.spec import CorpusSpec

_ROWS_AT_ONCE = 16
_ROWS_OF_GROUP = 64  # in the file that is written: what is read at once later
_FILES_AT_ONCE = 8  # whose row groups are mixed; a large split has hundreds, and only to open one costs requests
Made = TypeVar("Made")


def draw_rows(spec: CorpusSpec, place: Place, count: int, path: Path) -> None:
    """Fetch some rows of a split and write them.

    Only whole row groups can be fetched. They are taken in an order that a hash draws, the same every time, from all
    over a few files that are drawn so too: a split's first rows are often one speaker's.

    Args:
        count: of rows, at most.
        path: the file to write, audio as encoded bytes.

    Raises:
        SuiteError: what the hub did not give.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    batches = _told(spec, _batches(place))
    schema, left = next(batches), count
    with pq.ParquetWriter(path, schema) as writer:
        for batch in batches:
            part = batch.slice(0, left)
            writer.write_table(pa.Table.from_batches([part]), row_group_size=_ROWS_OF_GROUP)
            left -= len(part)
            if left == 0:
                return


def _told(spec: CorpusSpec, found: Iterator[Made]) -> Iterator[Made]:
    """Turn errors of the hub's client into one line, and leave those of writing to the store."""
    end = object()
    while (each := opened(spec, lambda: next(found, end))) is not end:
        yield each  # type: ignore[misc]


def _batches(place: Place) -> Iterator[Any]:
    """Yield the schema, then record batches, row group by row group in drawn order."""
    names = sorted(place.files, key=_drawn)
    for first in range(0, len(names), _FILES_AT_ONCE):
        files = {name: _open(place, name) for name in names[first : first + _FILES_AT_ONCE]}
        if first == 0:
            yield files[names[0]].schema_arrow
        groups = [(name, group) for name, file in files.items() for group in range(file.num_row_groups)]
        for name, group in sorted(groups, key=lambda key: _drawn(f"{key[0]} {key[1]}")):
            yield from files[name].iter_batches(batch_size=_ROWS_AT_ONCE, row_groups=[group])


def _drawn(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _open(place: Place, name: str) -> Any:
    """Open a file on the hub so that exactly the ranges that are wanted are fetched, with no reading ahead."""
    import huggingface_hub
    import pyarrow.parquet as pq

    file = huggingface_hub.HfFileSystem().open(f"datasets/{place.hub_id}@{place.commit}/{name}", cache_type="none")
    return pq.ParquetFile(file, pre_buffer=True)
