"""Data sets of the hub: fetched once, whole or in part, and then read from what was kept."""

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
from wergate.store import Store

_PLACE, _ROWS = "place.json", "rows.parquet"
_POOL = 4  # so many times the limit is fetched, for a sample and a calibration part to be drawn from
_DRAW = "files, then row groups of eight, by SHA-256 of path and number"


@dataclass(frozen=True)
class HubSource:
    """One split of a data set, in parquet files on the disk.

    Attributes:
        place: where its rows come from, at which commit.
    """

    place: HubLocation
    table: ParquetSource
    folder = None

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, in their order."""
        return self.table.columns

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of where it comes from."""
        return self.place.notes

    def rows(self, numbers: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield the rows with these numbers, or all."""
        return self.table.rows(numbers)


def open_hub(spec: CorpusSpec, store: Store) -> HubSource:
    """Fetch what a spec names of the hub, or find it.

    Without a limit, a split's parquet files are fetched whole into the hub client's cache and checked against their
    checksums; with one, `_POOL` times as many rows are drawn from it and kept in the store. What `datasets` tells of
    the repository is kept too, so that a second run needs neither `datasets` nor, with HF_HUB_OFFLINE, the hub.

    Raises:
        SuiteError: whatever is not there, not named, out of reach or damaged.
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
        (folder / _PLACE).write_text(json.dumps(asdict(place)), encoding="utf-8")
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
_ROWS_OF_GROUP = 64  # in the file that is written: what is read at once later
_FILES_AT_ONCE = 8  # whose row groups are mixed; a large split has hundreds, and only to open one costs requests
Made = TypeVar("Made")


def draw_rows(spec: CorpusSpec, place: HubLocation, count: int, path: Path) -> None:
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


def _batches(place: HubLocation) -> Iterator[Any]:
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


def _open(place: HubLocation, name: str) -> Any:
    """Open a file on the hub so that exactly the ranges that are wanted are fetched, with no reading ahead."""
    import huggingface_hub
    import pyarrow.parquet as pq

    file = huggingface_hub.HfFileSystem().open(f"datasets/{place.hub_id}@{place.commit}/{name}", cache_type="none")
    return pq.ParquetFile(file, pre_buffer=True)
