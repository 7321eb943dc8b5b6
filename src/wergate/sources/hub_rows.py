"""Rows of the hub to a parquet file of one's own: a part of a large split without the rest of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from wergate.sources.hub_place import Place, opened
from wergate.sources.spec import CorpusSpec

_ROWS_AT_ONCE = 16
_ROWS_OF_GROUP = 64  # in the file that is written: what is read at once later


def draw_rows(spec: CorpusSpec, place: Place, count: int, path: Path) -> None:
    """Fetch some rows of a split and write them.

    Only whole row groups can be fetched. They are taken in an order that a hash draws, the same every time, from all
    over the split: its first rows are often one speaker's.

    Args:
        count: of rows, at most.
        path: the file to write, audio as encoded bytes.

    Raises:
        SuiteError: what the hub did not give.
    """
    opened(spec, lambda: _write(path, _batches(place), count))


def _batches(place: Place) -> Iterator[Any]:
    """Yield record batches, row group by row group in drawn order."""
    import huggingface_hub
    import pyarrow.parquet as pq

    system = huggingface_hub.HfFileSystem()
    files = [
        # exactly the ranges that are asked for, joined: no reading ahead into groups that are not wanted
        pq.ParquetFile(
            system.open(f"datasets/{place.hub_id}@{place.commit}/{name}", cache_type="none"), pre_buffer=True
        )
        for name in place.files
    ]
    groups = [(number, group) for number, file in enumerate(files) for group in range(file.num_row_groups)]

    def drawn(key: tuple[int, int]) -> bytes:
        return hashlib.sha256(f"{place.files[key[0]]} {key[1]}".encode()).digest()

    for number, group in sorted(groups, key=drawn):
        yield from files[number].iter_batches(batch_size=_ROWS_AT_ONCE, row_groups=[group])


def _write(path: Path, batches: Iterable[Any], count: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer, left = None, count
    for batch in batches:
        part = batch.slice(0, left)
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(pa.Table.from_batches([part]), row_group_size=_ROWS_OF_GROUP)
        left -= len(part)
        if left == 0:
            break
    if writer:
        writer.close()
