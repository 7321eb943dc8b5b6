"""Data sets of the hub, fetched once as a whole or in part, and then read from the disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from wergate import hub
from wergate.corpora.sources.base import Column, Row
from wergate.corpora.sources.hub_location import MOVED, HubLocation, commit_of, find_place, opened
from wergate.corpora.sources.parquet import ParquetSource
from wergate.corpora.spec import CorpusSpec
from wergate.disk.files import write_part
from wergate.store import Store

_PLACE, _ROWS = "place.json", "rows.parquet"
_POOL = 4  # rows fetched for each utterance of the limit, to draw a sample and a calibration part from
_DRAW = "files, then row groups of eight, by SHA-256 of path and number"


@dataclass(frozen=True)
class HubSource:
    """One split of a data set, in parquet files on the disk.

    Attributes:
        place: location of the rows on the hub.
        table: the rows.
    """

    place: HubLocation
    table: ParquetSource
    folder = None

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, in order."""
        return self.table.columns

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks for the user, such as that a mirror was read."""
        return self.place.notes

    def rows(self, numbers: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield the rows with these numbers, or all."""
        return self.table.rows(numbers)


def open_hub(spec: CorpusSpec, store: Store) -> HubSource:
    """Fetch a data set of the hub, or find it on the disk.

    Without a limit, all parquet files of the split are fetched into the hub client's cache, and their checksums are
    verified. With a limit, `_POOL` times as many rows are drawn from the split and stored in the store.
    The location of the rows is stored too. So a second run does not need `datasets`, and with HF_HUB_OFFLINE it does
    not need the hub.

    Args:
        spec: id, revision, configuration, split and limit.
        store: where the location and drawn rows are stored.

    Raises:
        SuiteError: the data set, configuration or split does not exist or is ambiguous, the hub is out of reach, or
            a file is damaged.
    """
    moved = MOVED.get(spec.hub_id)
    spec = replace(spec, hub_id=moved or spec.hub_id)
    commit = commit_of(spec.hub_id, spec.revision)
    pool = None if spec.limit is None else _POOL * spec.limit
    parts = {
        "id": spec.hub_id,
        "commit": commit,
        "config": spec.config,
        "split": spec.split,
        "rows": pool,
        "draw": _DRAW,
    }

    def build(folder: Path) -> None:
        place = find_place(spec, commit)
        write_part(folder / _PLACE, json.dumps(asdict(place)))
        if pool is not None:
            draw_rows(spec, place, pool, folder / _ROWS)

    artifact = store.get("hub-corpus", parts, build)
    place = _read_place(artifact.file(_PLACE))
    drawn = artifact.file(_ROWS)
    paths = [drawn] if pool else hub.data_files(place.hub_id, place.commit, place.files)
    return HubSource(place, ParquetSource(paths))


def _read_place(path: Path) -> HubLocation:
    kept = json.loads(path.read_text(encoding="utf-8"))
    return HubLocation(**kept | {"files": tuple(kept["files"]), "notes": tuple(kept["notes"])})


_ROWS_AT_ONCE = 16
_ROWS_OF_GROUP = 64  # row group size of the written file, which is the unit of later reads
_FILES_AT_ONCE = 8  # files to mix row groups of; a large split has hundreds, and each open file costs requests
Item = TypeVar("Item")


def draw_rows(spec: CorpusSpec, place: HubLocation, count: int, path: Path) -> None:
    """Fetch a sample of a split's rows and write it to a parquet file.

    The hub can only be read in whole row groups. A hash of their names orders the files, and then the row groups of
    a few files at a time, so that every run draws the same rows. They come from all over these files, because the
    first rows of a split are often from a single speaker.

    Args:
        spec: the data set, for error messages.
        place: location of the split's files.
        count: largest number of rows.
        path: file to write, with audio as encoded bytes.

    Raises:
        SuiteError: the hub is out of reach, or a file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    batches = _explained(spec, _batches(place))
    schema, left = next(batches), count
    with pq.ParquetWriter(path, schema) as writer:
        for batch in batches:
            part = batch.slice(0, left)
            writer.write_table(pa.Table.from_batches([part]), row_group_size=_ROWS_OF_GROUP)
            left -= len(part)
            if left == 0:
                return


def _explained(spec: CorpusSpec, items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items, and turn an error of the hub's client into one line."""
    # The loop wraps only the reads, because the store explains errors that occur while its files are written.
    end = object()
    while (item := opened(spec, lambda: next(items, end))) is not end:
        yield item  # type: ignore[misc]


def _batches(place: HubLocation) -> Iterator[Any]:
    """Yield the schema, then the record batches of one row group after another, in hash order."""
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


def _open(place: HubLocation, name: str) -> Any:
    """Open a parquet file on the hub so that only the required byte ranges are fetched."""
    import huggingface_hub
    import pyarrow.parquet as pq

    # The default cache of the file system reads ahead, which would fetch far more than the wanted row groups.
    file = huggingface_hub.HfFileSystem().open(f"datasets/{place.hub_id}@{place.commit}/{name}", cache_type="none")
    return pq.ParquetFile(file, pre_buffer=True)
