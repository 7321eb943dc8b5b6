"""Files of lines that processes append to: a killed process or a power cut costs the last lines, and no others."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import filelock

from wergate.disk.sync import sync_file, sync_folder, sync_path

_SYNC_EVERY_S = 1.0
_NUL = b"\0"


class LineFile:
    """A file of whole lines, shared by any number of processes; a lock file stays next to it.

    Appended lines are synced at most once a second, and by `sync`. A power cut thus costs the lines of the last second.
    It may leave a part of a line or NUL bytes at the end, which the next append removes. A line with NUL bytes is not
    read.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Set the path, and the clock in seconds; the first append creates the file in a folder that exists."""
        self.path = path
        self._lock = filelock.FileLock(path.with_name(f".{path.name}.lock"))
        self._clock = clock
        self._synced_s = -math.inf
        self._is_synced = True

    def append(self, data: bytes) -> None:
        """Append whole lines; a killed process may have written only some of them.

        Raises:
            OSError: the file cannot be written.
        """
        with self._lock, self.path.open("a+b") as stream:
            is_new = _cut_torn_tail(stream) == 0
            stream.write(data)
            stream.flush()
            self._is_synced = False
            if self._clock() - self._synced_s >= _SYNC_EVERY_S:
                sync_file(stream.fileno())
                self._note_sync()
        if is_new:
            sync_folder(self.path.parent)

    def sync(self) -> None:
        """Wait until all lines of this process are on the disk.

        Raises:
            OSError: the disk did not take them.
        """
        if not self._is_synced:
            sync_path(self.path)
            self._note_sync()

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of `numbered`."""
        return (line for _, line in self.numbered())

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """Yield all whole lines, with their numbers from 1 and their line breaks, except for those with NUL bytes.

        No process writes NUL bytes: a power cut lost a block of lines that were not synced, and may have kept later
        ones.

        Raises:
            OSError: the file cannot be read.
        """
        for number, line in enumerate(self.raw(), 1):
            # Any other line is still being written, or its process was killed.
            if not line.endswith(b"\n"):
                return
            if _NUL not in line:
                yield number, line

    def raw(self) -> Iterator[bytes]:
        """Yield all lines, the last one as far as it is written, without NUL bytes at the end of the file.

        Raises:
            OSError: the file cannot be read.
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as stream:
            yield from (line if line.endswith(b"\n") else line.rstrip(_NUL) for line in stream)

    def _note_sync(self) -> None:
        self._synced_s = self._clock()
        self._is_synced = True


def _cut_torn_tail(stream: BinaryIO) -> int:
    """Remove what follows the last line break, and return the size in bytes; the caller holds the lock."""
    size = stream.seek(0, os.SEEK_END)
    if size == 0:
        return 0
    stream.seek(size - 1)
    if stream.read(1) != b"\n":
        stream.seek(0)
        size = stream.read().rfind(b"\n") + 1
        stream.truncate(size)
    return size
