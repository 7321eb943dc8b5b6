"""Load on two sides in processes of their own: their CPU time and run delay, and what all others took."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from wergate.timing.load import Reading, SystemLoad

_NS_PER_S = 1e9
_PROC = Path("/proc")
Pids = tuple[int | None, int | None]


@dataclass(frozen=True)
class _Scheduled:
    """CPU time and run delay of the threads of a process, in seconds."""

    ran_s: float = 0.0
    waited_s: float = 0.0


class SidesLoad:
    """Reads the counters of the machine and of both sides.

    Attributes:
        missing: sources that this system does not report, in words.
    """

    def __init__(self, pids: Callable[[], Pids]) -> None:
        """Find the sources.

        Args:
            pids: returns the present processes of both sides.
        """
        self._pids = pids
        self._machine = SystemLoad()
        self.missing = self._machine.missing

    def __call__(self) -> Reading:
        """Return the present counters; own are those of this process and of both sides."""
        found = self._machine()
        first, second = (_scheduled(pid) for pid in self._pids())
        waited = None if found.waited_s is None else found.waited_s + first.waited_s + second.waited_s
        return replace(
            found,
            own_s=time.process_time() + first.ran_s + second.ran_s,
            waited_s=waited,
            sides_s=(first.ran_s, second.ran_s),
        )


def _scheduled(pid: int | None) -> _Scheduled:
    """Return the counters of a process; zeros without one, or if it has ended."""
    ran = waited = 0
    with suppress(OSError, ValueError):
        for thread in sorted((_PROC / str(pid) / "task").iterdir()) if pid is not None else ():
            fields = (thread / "schedstat").read_text(encoding="ascii").split()
            ran, waited = ran + int(fields[0]), waited + int(fields[1])
    return _Scheduled(ran / _NS_PER_S, waited / _NS_PER_S)
