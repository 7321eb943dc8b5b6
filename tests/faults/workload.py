"""A workload: a few writes through public interfaces, and what must hold after any fault in them."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class Broken(Exception):  # noqa: N818 - it names what is broken
    """An invariant does not hold."""

    def __init__(self, invariant: str, what: str) -> None:
        """Set the name of the invariant, from I1 to I8, and what was found."""
        super().__init__(f"{invariant}: {what}")


def require(condition: object, invariant: str, what: str) -> None:
    """Raise `Broken` unless a condition holds."""
    if not condition:
        raise Broken(invariant, what)


class Progress:
    """A counter that a process shares with its children without a system call, so it survives any kill."""

    def __init__(self) -> None:
        """Start with zero."""
        self._memory = mmap.mmap(-1, 8)

    def done(self, steps: int) -> None:
        """Note that so many steps were acknowledged: their calls returned."""
        self._memory[:] = struct.pack("q", steps)

    @property
    def steps(self) -> int:
        """Number of acknowledged steps."""
        return int(struct.unpack("q", self._memory[:])[0])


@dataclass(frozen=True)
class Workload:
    """A few writes and their invariants.

    Attributes:
        name: its name in tables.
        prepare: writes what a folder has before, without faults.
        act: the writes under test, in the folder; says how many steps are done. It ends well where an earlier call was
            killed, and does again what was lost.
        check: raises `Broken` unless the folder has a state that `act` may leave after so many acknowledged steps.
        final: raises `Broken` unless the folder has the state of an `act` without faults.
        after_cut: as `check` after a power cut, with the number of steps that must survive it; None for the same.
        synced: how many of the acknowledged steps must survive a power cut.
    """

    name: str
    prepare: Callable[[Path], None]
    act: Callable[[Path, Progress], None]
    check: Callable[[Path, int], None]
    final: Callable[[Path], None]
    after_cut: Callable[[Path, int, int], None] | None = None
    synced: Callable[[int], int] = lambda steps: steps


def content(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by relative name; hidden ones, such as locks, are left out."""
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not any(p[0] == "." for p in Path(name).parts)}
