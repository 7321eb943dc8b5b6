"""What else the machine did while something was timed: stolen time, other processes, load, frequency governor."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

_CPUS = Path("/sys/devices/system/cpu")
_LEAST_CPU_S = 0.5  # the kernel counts in ticks of 10 ms: of less time, a share is a matter of chance


@dataclass(frozen=True)
class Counters:
    """The CPUs that this process may run on, in seconds since the start; `own_s` is this process and its children.

    Attributes:
        stolen_s: what the hypervisor gave to others; None where the system does not tell.
        load: mean number of runnable tasks over the last minute.
    """

    total_s: float
    busy_s: float
    own_s: float
    stolen_s: float | None
    load: float


@dataclass(frozen=True)
class Seen:
    """What was seen during a run; shares are fractions of all CPU time, None where it was too short or is not told."""

    governor: str
    load_before: float
    load_after: float
    steal: float | None
    others: float | None


def read_counters() -> Counters:
    """Return the counters now."""
    allowed = os.sched_getaffinity(0)
    cpus = [times for number, times in enumerate(psutil.cpu_times(percpu=True)) if number in allowed]
    own = psutil.Process().cpu_times()
    stolen = _sum(cpus, ("steal",)) if all(hasattr(times, "steal") for times in cpus) else None
    busy = _sum(cpus, ("user", "nice", "system", "irq", "softirq"))  # guests are counted in user and nice
    return Counters(
        total_s=busy + _sum(cpus, ("idle", "iowait")) + (stolen or 0.0),
        busy_s=busy,
        own_s=own.user + own.system + own.children_user + own.children_system,
        stolen_s=stolen,
        load=os.getloadavg()[0],
    )


def _sum(cpus: Iterable[object], kinds: Iterable[str]) -> float:
    kinds = tuple(kinds)
    return sum(float(getattr(times, kind, 0.0)) for times in cpus for kind in kinds)


def seen_between(before: Counters, after: Counters) -> Seen:
    """Return what happened between two readings."""
    total_s = after.total_s - before.total_s
    long_enough = total_s >= _LEAST_CPU_S
    stolen_s = None if before.stolen_s is None or after.stolen_s is None else after.stolen_s - before.stolen_s
    others_s = max(0.0, (after.busy_s - before.busy_s) - (after.own_s - before.own_s))
    return Seen(
        governor=governor(),
        load_before=before.load,
        load_after=after.load,
        steal=stolen_s / total_s if long_enough and stolen_s is not None else None,
        others=others_s / total_s if long_enough else None,
    )


def governor(cpus: Path = _CPUS) -> str:
    """Return the frequency governors of the CPUs that this process may run on, or "unknown": a VM has none."""
    files = (cpus / f"cpu{number}" / "cpufreq" / "scaling_governor" for number in sorted(os.sched_getaffinity(0)))
    found = {file.read_text(encoding="ascii").strip() for file in files if file.is_file()}
    return ", ".join(sorted(found)) or "unknown"
