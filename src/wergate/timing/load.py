"""Load by others during the calls of one side: CPU time that the calls lost, read from the system.

A reading is cumulative, and costs some 0.1 ms. The lost time of a call lies between two readings. It has three sources:

- Run delay: time that this process's threads waited for a CPU, in nanoseconds (`/proc/self/task/*/schedstat`).
- CPU time of others, on the CPUs that this process may run on. The counters of `/proc/stat` have ticks of 10 ms. The
  root of a `cpuacct` hierarchy counts in nanoseconds, and is read in their place if it counts the whole machine.
- Steal (`/proc/stat`) and throttling by the CPU quota (`cpu.stat` of the control groups).

Threads of one process wait for each other too. So run delay counts as lost only up to what others took.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from wergate.environment.cgroups import throttling

_ROOT = Path("/")
_NS_PER_S = 1e9
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_SCHEDULER_TICK_S = 0.004  # a task that runs elsewhere is charged at its CPU's next tick, in most kernels of 4 ms
_WHOLE_MACHINE = 0.9  # share of the busy time of /proc/stat from which a control group counts the whole machine


@dataclass(frozen=True)
class Reading:
    """Counters since boot, in seconds of CPU time; None if the system does not report one.

    Attributes:
        busy_s: CPU time of all processes on the CPUs that this process may run on.
        own_s: CPU time of this process.
        waited_s: run delay of this process's threads.
        stolen_s: CPU time that the hypervisor gave to others.
        throttled_s: time for which the CPU quota stopped this process's groups.
        clock_mhz: mean clock of the CPUs.
        resolution_s: error of `busy_s` between two readings.
        sides_s: CPU time of each side's process; None if both sides are in this process.
    """

    own_s: float
    busy_s: float | None = None
    waited_s: float | None = None
    stolen_s: float | None = None
    throttled_s: float | None = None
    clock_mhz: float | None = None
    resolution_s: float = 0.0
    sides_s: tuple[float, float] | None = None


ReadLoad = Callable[[], Reading]


@dataclass(frozen=True)
class Turn:
    """Load on consecutive calls of one side.

    Attributes:
        wall_s: duration of the calls.
        lost_s: CPU time that others took from them; None if unknown.
        own_s: CPU time that they had.
        taken_s: CPU time that others had meanwhile, and never more of it was lost; None if unknown.
        clock_mhz: mean clock of the CPUs; None if unknown.
        idle_side_s: CPU time that the process of the other side used, although it had no turn.
    """

    wall_s: float
    lost_s: float | None
    own_s: float = 0.0
    clock_mhz: float | None = None
    taken_s: float | None = None
    idle_side_s: float = 0.0


def turn_between(before: Reading, after: Reading, wall_s: float) -> Turn:
    """Return the load on the calls between two readings, which took `wall_s` seconds."""
    waited, stolen, throttled = (
        _difference(getattr(before, name), getattr(after, name)) for name in ("waited_s", "stolen_s", "throttled_s")
    )
    busy = _difference(before.busy_s, after.busy_s)
    clocks = [reading.clock_mhz for reading in (before, after) if reading.clock_mhz is not None]
    clock = sum(clocks) / len(clocks) if clocks else None
    if busy is None and waited is None:
        return Turn(wall_s, None, clock_mhz=clock)
    own = max(0.0, after.own_s - before.own_s)
    taken = None if busy is None else max(0.0, busy - own) + (throttled or 0.0)
    if taken is None or waited is None:
        lost = waited if taken is None else taken
    else:
        lost = min(waited, taken + after.resolution_s)
    stolen = stolen or 0.0
    return Turn(wall_s, (lost or 0.0) + stolen, own, clock, None if taken is None else taken + stolen)


def calibrated(turns: Sequence[Turn]) -> list[Turn]:
    """Return turns of one side with no more lost time, in all, than others took.

    In a single turn, `taken_s` is as coarse as the kernel's ticks, and run delay may be due to the side's own threads.
    In the sum the ticks are right.
    """
    if any(turn.taken_s is None or turn.lost_s is None for turn in turns):
        return list(turns)
    taken_s, lost_s = (sum(getattr(turn, name) for turn in turns) for name in ("taken_s", "lost_s"))
    share = min(1.0, taken_s / lost_s) if lost_s > 0 else 1.0
    return [replace(turn, lost_s=share * (turn.lost_s or 0.0)) for turn in turns]


def waiting_of(turns: Sequence[Turn]) -> float | None:
    """Return the share of their time that the threads of some calls waited for a CPU; None if it is unknown."""
    known = [turn for turn in turns if turn.lost_s is not None]
    lost_s = sum(turn.lost_s or 0.0 for turn in known)
    wanted_s = lost_s + sum(turn.own_s for turn in known)
    return lost_s / wanted_s if wanted_s > 0 else None


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else max(0.0, after - before)


class SystemLoad:
    """Reads the counters of this process and of the machine.

    Attributes:
        missing: sources that this system does not report, in words.
    """

    def __init__(self, root: Path = _ROOT) -> None:
        """Find the sources.

        Args:
            root: folder of `proc` and `sys`, and of everything that is mounted.
        """
        self._root = root
        self._allowed = sorted(os.sched_getaffinity(0))
        self._threads: dict[str, int] = {}
        self._stat = _opened(root / "proc" / "stat")
        self._usage = _opened(root / "sys" / "fs" / "cgroup" / "cpuacct" / "cpuacct.usage_percpu")
        cpus = root / "sys" / "devices" / "system" / "cpu"
        self._clocks = [_opened(cpus / f"cpu{number}" / "cpufreq" / "scaling_cur_freq") for number in self._allowed]
        self._clocks = [clock for clock in self._clocks if clock is not None]
        self._has_quota = throttling(root) is not None
        if self._usage is not None and not self._counts_all():
            self._usage = None
        found = self()
        absent = {"CPU time of others": found.busy_s, "run delay": found.waited_s, "clock": found.clock_mhz}
        self.missing = tuple(name for name, value in absent.items() if value is None)

    def __call__(self) -> Reading:
        """Return the present counters."""
        ticks = self._ticks()
        usage = self._per_cpu()
        busy = usage if usage is not None else ticks and ticks[0]
        stopped = throttling(self._root) if self._has_quota else None
        return Reading(
            own_s=time.process_time(),
            busy_s=busy,
            waited_s=self._waited(),
            stolen_s=ticks and ticks[1],
            throttled_s=None if stopped is None else stopped.seconds,
            clock_mhz=self._clock(),
            resolution_s=_SCHEDULER_TICK_S if usage is not None else _TICK_S,
        )

    def _counts_all(self) -> bool:
        ticks, usage = self._ticks(), self._per_cpu()
        return ticks is not None and usage is not None and usage >= _WHOLE_MACHINE * ticks[0] > 0

    def _ticks(self) -> tuple[float, float] | None:
        """Return busy and stolen seconds of the allowed CPUs; None if the system counts nothing."""
        busy = stolen = total = 0
        for line in _text(self._stat).splitlines():
            name, *fields = line.split()
            if name[:3] == "cpu" and name[3:].isdecimal() and int(name[3:]) in self._allowed:
                user, nice, system, idle, waiting, irq, soft_irq, steal = map(int, [*fields, *"00000000"][:8])
                busy += user + nice + system + irq + soft_irq
                stolen += steal
                total += idle + waiting
        return (busy * _TICK_S, stolen * _TICK_S) if busy + total else None

    def _per_cpu(self) -> float | None:
        """Return the CPU time that the control group counts on the allowed CPUs."""
        counts = _text(self._usage).split()
        if len(counts) <= max(self._allowed):
            return None
        return sum(int(counts[number]) for number in self._allowed) / _NS_PER_S

    def _waited(self) -> float | None:
        """Return the run delay of all threads that were seen so far; None if the kernel does not count it."""
        folder = self._root / "proc" / "self" / "task"
        try:
            present = os.listdir(folder)  # noqa: PTH208 - three times as fast as Path.iterdir
        except OSError:
            return None
        for thread in set(present) - self._threads.keys():
            file = _opened(folder / thread / "schedstat")
            if file is not None:
                self._threads[thread] = file
        for thread in self._threads.keys() - set(present):
            os.close(self._threads.pop(thread))
        counts = [_text(file).split() for file in self._threads.values()]
        delays = [int(fields[1]) for fields in counts if len(fields) > 1]
        ran = any(int(fields[0]) for fields in counts if fields)
        return sum(delays) / _NS_PER_S if ran else None

    def _clock(self) -> float | None:
        values = [int(text) for text in map(_text, self._clocks) if text.strip().isdecimal()]
        return sum(values) / len(values) / 1000 if values else None


def _opened(path: Path) -> int | None:
    """Return a descriptor of a file of the kernel, which can be read again and again; None if there is none."""
    with suppress(OSError):
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return None


def _text(descriptor: int | None) -> str:
    """Return the present content; empty without a file, or if its thread has ended."""
    if descriptor is None:
        return ""
    with suppress(OSError):
        return os.pread(descriptor, 65536, 0).decode("ascii", "replace")
    return ""
