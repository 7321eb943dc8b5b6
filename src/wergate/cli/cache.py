"""The commands on the cache: what it holds, how large it is, and what may go."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from wergate.cli.groups import Group
from wergate.cli.options import ManualCommand
from wergate.cli.places import cache_folder
from wergate.errors import SuiteError
from wergate.scale.shard_files import FOLDER as SHARDS
from wergate.store import MANIFEST

_DAY_S = 86_400
_MB = 1e6


@dataclass(frozen=True)
class Stored:
    """An artifact in the cache.

    Attributes:
        kind: first level of the store, such as "fp16-ir".
        folder: folder of its files.
        bytes: size of its files.
        used_s: seconds since a run last read it, or wrote it where the file system notes no reads.
    """

    kind: str
    folder: Path
    bytes: int
    used_s: float


def stored(cache: Path) -> list[Stored]:
    """Return all artifacts of a cache and the finished shards of its runs, the longest unused first."""
    shards = [path for path in sorted(cache.glob(f"{SHARDS}/*")) if path.is_dir()]
    folders = [*(manifest.parent for manifest in sorted(cache.glob(f"*/*/{MANIFEST}"))), *shards]
    found = [_stored(folder) for folder in folders]
    return sorted((one for one in found if one), key=lambda one: -one.used_s)


def _stored(folder: Path) -> Stored | None:
    try:
        files = [path.stat() for path in folder.rglob("*") if path.is_file()]
    except OSError:  # another process is removing it
        return None
    if not files:
        return None
    used = max(max(status.st_atime, status.st_mtime) for status in files)
    return Stored(folder.parent.name, folder, sum(status.st_size for status in files), time.time() - used)


@click.group(cls=Group)
def cache() -> None:
    """Show the cache of built models and reference runs, or remove what is old."""


_CACHE_DIR = click.option("--cache-dir", metavar="DIR", help="the cache (default: ~/.cache/wergate)")


@cache.command("list")
@_CACHE_DIR
def list_all(cache_dir: str | None) -> int:
    """List the artifacts by kind, with their number, size and last use."""
    folder = cache_folder(cache_dir)
    table = Table("kind", "artifacts", "MB", "days unused", title=str(folder), title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for kind, artifacts in _by_kind(stored(folder)):
        days = [one.used_s / _DAY_S for one in artifacts]
        table.add_row(kind, str(len(artifacts)), _megabytes(artifacts), f"{min(days):.0f} to {max(days):.0f}")
    Console().print(table)
    return 0


@cache.command()
@_CACHE_DIR
def size(cache_dir: str | None) -> int:
    """Print the size of the cache in MB."""
    folder = cache_folder(cache_dir)
    click.echo(f"{_megabytes(stored(folder))} MB in {folder}")
    return 0


@cache.command(
    cls=ManualCommand,
    examples=(
        ("see what would go", "wergate cache prune --days 30 --dry-run"),
        ("remove everything", "wergate cache prune --days 0"),
    ),
)
@_CACHE_DIR
@click.option("--days", default=30, show_default=True, metavar="N", help="remove what no run has used for N days")
@click.option("--dry-run", is_flag=True, help="say what would go, and remove nothing")
def prune(cache_dir: str | None, days: int, *, dry_run: bool) -> int:
    """Remove artifacts that no run has used for some days; a later run that needs one builds it again."""
    if days < 0:
        raise SuiteError(f"--days {days} is negative; give 0 to remove everything, or a number of days")
    old = [one for one in stored(cache_folder(cache_dir)) if one.used_s >= days * _DAY_S]
    if not dry_run:
        for one in old:
            shutil.rmtree(one.folder, ignore_errors=True)
    done = "would be removed" if dry_run else "removed"
    click.echo(f"{len(old)} artifacts, {_megabytes(old)} MB: {done}")
    return 0


def _by_kind(artifacts: list[Stored]) -> Iterator[tuple[str, list[Stored]]]:
    for kind in sorted({one.kind for one in artifacts}):
        yield kind, [one for one in artifacts if one.kind == kind]


def _megabytes(artifacts: list[Stored]) -> str:
    return f"{sum(one.bytes for one in artifacts) / _MB:,.1f}"
