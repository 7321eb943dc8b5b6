"""CPU quota of this process: what its control groups allow, as in a container, and how often they throttled it.

Both versions of Linux's control groups are read. A process has the quota of its own group and of every group above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_ROOT = Path("/")
_NS_PER_S, _US_PER_S = 1e9, 1e6


@dataclass(frozen=True)
class Throttling:
    """Number of times that all groups of a process were throttled since they exist, and the seconds of it."""

    times: int
    seconds: float


def cpu_quota(root: Path = _ROOT) -> float | None:
    """Return the number of CPUs whose time this process may use, a fraction too, or None without a quota.

    Args:
        root: folder of `proc` and of everything that is mounted.
    """
    quotas = (_quota(folder) for folder in groups(root))
    return min((quota for quota in quotas if quota is not None), default=None)


def throttling(root: Path = _ROOT) -> Throttling | None:
    """Return how often this process's groups were throttled, or None if none of them has a quota."""
    found = [_throttling(folder) for folder in groups(root) if _quota(folder) is not None]
    return Throttling(sum(one.times for one in found), sum(one.seconds for one in found)) if found else None


def groups(root: Path = _ROOT) -> list[Path]:
    """Return the folders of the groups that may limit this process's CPU time, from its own one upwards."""
    paths = dict(_own_paths(root))
    found: list[Path] = []
    for kind, group, place in _mounts(root):
        if kind in paths:
            below = _below(PurePosixPath(paths[kind]), PurePosixPath(group))
            found += [place / part for part in (below, *below.parents)]
    return list(dict.fromkeys(found))


def _own_paths(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the path of this process's group in each hierarchy that can limit CPU time: "cpu", and version 2."""
    for line in _lines(root / "proc" / "self" / "cgroup"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "cpu" in controllers.split(","):
            yield "cgroup", path
        elif number == "0" and not controllers:
            yield "cgroup2", path


def _mounts(root: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield the type of each hierarchy's mount, the group at its top, and its folder."""
    for line in _lines(root / "proc" / "self" / "mountinfo"):
        mount, _, file_system = line.partition(" - ")
        fields, kind = mount.split(" "), file_system.split(" ")
        if len(fields) > 4 and len(kind) > 2 and (kind[0] == "cgroup2" or _is_of_cpu(kind)):  # noqa: PLR2004 - proc(5)
            yield kind[0], _unescaped(fields[3]), root / _unescaped(fields[4]).lstrip("/")


def _is_of_cpu(kind: list[str]) -> bool:
    return kind[0] == "cgroup" and "cpu" in kind[2].split(",")


def _unescaped(text: str) -> str:
    r"""Return a path of mountinfo with its characters in place of octal escapes, such as `\040` for a space."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _below(path: PurePosixPath, top: PurePosixPath) -> PurePosixPath:
    """Return a group's path below the top of a mount; the top itself if the mount does not show the group."""
    shown = path.is_relative_to(top) and ".." not in path.parts
    return path.relative_to(top) if shown else PurePosixPath()


def _quota(folder: Path) -> float | None:
    """Return the quota of one group, in CPUs."""
    limit, period = _limit(folder)
    return float(limit) / float(period) if limit.isdecimal() and period.isdecimal() and int(period) else None


def _limit(folder: Path) -> tuple[str, str]:
    """Return the time that a group may use in a period, and the period: "max" or -1 stand for no limit."""
    found = [*_words(folder / "cpu.max"), "", ""]  # of version 2, else of version 1
    old = [[*_words(folder / f"cpu.cfs_{name}_us"), ""][0] for name in ("quota", "period")]
    return (found[0] or old[0]), (found[1] or old[1])


def _throttling(folder: Path) -> Throttling:
    counts = {name: value for name, _, value in (line.partition(" ") for line in _lines(folder / "cpu.stat"))}
    seconds = int(counts.get("throttled_usec", 0)) / _US_PER_S + int(counts.get("throttled_time", 0)) / _NS_PER_S
    return Throttling(int(counts.get("nr_throttled", 0)), seconds)


def _words(file: Path) -> list[str]:
    return [word for line in _lines(file) for word in line.split()]


def _lines(file: Path) -> list[str]:
    """Return the lines of a file of the kernel, none if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
