"""A record of what a block syncs and renames, in order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock


class Syncs:
    """Syncs and renames so far.

    Attributes:
        events: ("sync", path) and ("rename", new path), in order.
        sizes: size in bytes of each file when it was synced last, by path.
    """

    def __init__(self) -> None:
        """Start with none."""
        self.events: list[tuple[str, str]] = []
        self.sizes: dict[str, int] = {}

    def of(self, folder: Path) -> list[tuple[str, str]]:
        """Return the events below a folder, with relative paths; the folder itself is "."."""
        return [
            (kind, os.path.relpath(path, folder)) for kind, path in self.events if Path(path).is_relative_to(folder)
        ]


@contextmanager
def recorded_syncs() -> Iterator[Syncs]:
    """Record the system calls of this process that sync or rename."""
    record = Syncs()
    fsync, rename, replace = os.fsync, os.rename, os.replace

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        record.events.append(("sync", path))
        record.sizes[path] = os.fstat(descriptor).st_size

    def renamed(call: object) -> object:
        def recording(old: object, new: object) -> None:
            call(old, new)
            record.events.append(("rename", os.fspath(new)))

        return recording

    with mock.patch.multiple(os, fsync=synced, rename=renamed(rename), replace=renamed(replace)):
        yield record
