"""Cost of syncing, as docs/reliability.md shows it: `PYTHONPATH=src python docs/development/sync_cost.py FOLDER`.

Each kind of write is timed with and without syncs, interleaved, on the file system of FOLDER. Without syncs, `os.fsync`
does nothing. Under `eatmydata`, neither side syncs: the table then shows the cost of the calls.
"""
# ruff: noqa: INP001 - a script, and no package

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from wergate.disk.files import replace_content, write_part
from wergate.disk.folders import commit_folder
from wergate.disk.lines import LineFile
from wergate.formatting import table

_LINE = b"x" * 600 + b"\n"
_RESULTS = "x" * 200_000
_FILES = {"model.xml": 400_000, "frontend.json": 2_000, "manifest.json": 1_000}
_SMALL, _LARGE = 2_000_000, 200_000_000
_MS = 1e3


@dataclass(frozen=True)
class Write:
    """A kind of write.

    Attributes:
        name: as the table shows it.
        repeats: number of writes of each side.
        call: writes once, below a folder and with a number that no other write has.
    """

    name: str
    repeats: int
    call: Callable[[Path, int], None]


class _Appends:
    """Blocks of 16 lines, appended to one file, as transcripts are."""

    def __init__(self) -> None:
        self._file: LineFile | None = None

    def __call__(self, folder: Path, _: int) -> None:
        self._file = self._file or LineFile(folder / "transcripts.jsonl")
        self._file.append(16 * _LINE)


def _append_and_sync(folder: Path, _: int) -> None:
    file = LineFile(folder / "synced.jsonl")
    file.append(_LINE)


def _replace(folder: Path, _: int) -> None:
    replace_content(folder / "results.json", _RESULTS)


def _commit(model_bytes: int) -> Callable[[Path, int], None]:
    def call(folder: Path, number: int) -> None:
        built = folder / "tmp"
        built.mkdir()
        for name, size in {"model.bin": model_bytes, **_FILES}.items():
            write_part(built / name, bytes(size))
        commit_folder(built, folder / "int8-ir" / str(number))

    return call


def writes(count: int) -> tuple[Write, ...]:
    """Return the kinds of writes, with `count` repeats of the cheap ones."""
    return (
        Write("append 16 transcripts, synced once a second", count, _Appends()),
        Write("append a line and sync it", count, _append_and_sync),
        Write("replace a file of 200 kB", count, _replace),
        Write("commit an artifact of 2 MB", max(2, count // 5), _commit(_SMALL)),
        Write("commit an artifact of 200 MB", max(4, count // 100), _commit(_LARGE)),
    )


@contextlib.contextmanager
def _without_syncs() -> Iterator[None]:
    with mock.patch.object(os, "fsync", return_value=None):
        yield


def times_ms(write: Write, folder: Path) -> tuple[list[float], list[float]]:
    """Return the times of a kind of write with syncs and without, in milliseconds, interleaved."""
    synced, unsynced = [], []
    for number in range(2 * write.repeats):
        is_synced = number % 4 in {0, 3}  # neither side is always the first
        with contextlib.nullcontext() if is_synced else _without_syncs():
            started = time.perf_counter()
            write.call(folder, number)
            elapsed_ms = (time.perf_counter() - started) * _MS
        (synced if is_synced else unsynced).append(elapsed_ms)
    return synced, unsynced


def _row(write: Write, folder: Path) -> list[str]:
    with tempfile.TemporaryDirectory(dir=folder) as own:
        synced, unsynced = times_ms(write, Path(own))
    largest = [f"{max(side):.1f}" for side in (synced, unsynced)]
    medians = [f"{statistics.median(side):.2f}" for side in (synced, unsynced)]
    return [write.name, str(write.repeats), *medians, *largest]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="an existing folder of the file system to measure")
    parser.add_argument("--count", type=int, default=500, help="repeats of each cheap write (default: 500)")
    asked = parser.parse_args()
    columns = ["write", "repeats", "synced, ms", "not synced, ms", "slowest, ms", "slowest not synced, ms"]
    sys.stdout.write(table(columns, [_row(write, asked.folder) for write in writes(asked.count)]) + "\n")


if __name__ == "__main__":
    main()
