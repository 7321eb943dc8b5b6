"""Data sets of the hub: fetched once, whole or in part, and then read from what was kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from wergate import hub
from wergate.sources import Column, Row
from wergate.sources.hub_place import MOVED, Place, commit_of, find_place
from wergate.sources.hub_rows import draw_rows
from wergate.sources.parquet import ParquetSource
from wergate.sources.spec import CorpusSpec
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

    place: Place
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


def _read_place(path: Path) -> Place:
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Place(**kept | {"files": tuple(kept["files"]), "notes": tuple(kept["notes"])})
