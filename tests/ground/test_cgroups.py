"""The CPU quota of a container: read from both versions of control groups, from every level that limits a process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from wergate.environment.cgroups import Throttling, cpu_quota, throttling

V2 = "30 20 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
V1 = "33 31 0:30 {top} /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct"
OTHER = "34 31 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory"


@dataclass(frozen=True)
class Case:
    """Files below a root folder, and the quota that they state."""

    id: str
    expected: float | None
    groups: str
    mounts: str
    files: Mapping[str, str]


def v1(quota: int, period: int = 100_000) -> tuple[str, str]:
    """Return the content of the two files of version 1."""
    return f"{quota}\n", f"{period}\n"


def of_v1(folder: str, quota: int, period: int = 100_000) -> dict[str, str]:
    """Return the two files of a group of version 1."""
    names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    return {
        f"sys/fs/cgroup/cpu,cpuacct/{folder}{name}": text for name, text in zip(names, v1(quota, period), strict=True)
    }


def of_v2(folder: str, text: str) -> dict[str, str]:
    """Return the file of a group of version 2."""
    return {f"sys/fs/cgroup/{folder}cpu.max": f"{text}\n"}


NESTED = of_v2("", "max 100000") | of_v2("pod/", "150000 100000") | of_v2("pod/one/", "400000 100000")
CASES = (
    Case("a container of version 2", 1.5, "0::/\n", V2, of_v2("", "150000 100000")),
    Case("without a limit", None, "0::/\n", V2, of_v2("", "max 100000")),
    Case("half a CPU in short periods", 0.5, "0::/\n", V2, of_v2("", "5000 10000")),
    Case("the lowest is above", 1.5, "0::/pod/one\n", V2, NESTED),
    Case("the lowest is its own", 0.25, "0::/pod/one\n", V2, NESTED | of_v2("pod/one/", "25000 100000")),
    Case("a neighbour's", None, "0::/other\n", V2, of_v2("other/", "max 100000") | of_v2("pod/", "10000 100000")),
    Case("a container of version 1", 2.0, "4:cpu,cpuacct:/\n", V1.format(top="/"), of_v1("", 200_000)),
    Case("no limit in version 1", None, "4:cpu,cpuacct:/\n", V1.format(top="/"), of_v1("", -1)),
    Case(
        "nested groups of version 1",
        0.75,
        "4:cpu,cpuacct:/docker/abc\n3:memory:/elsewhere\n",
        f"{OTHER}\n{V1.format(top='/')}",
        of_v1("", -1) | of_v1("docker/", 150_000, 200_000) | of_v1("docker/abc/", 100_000),
    ),
    Case(
        "the host's path is the mount's top",
        1.0,
        "4:cpu:/docker/abc\n",
        V1.format(top="/docker/abc"),
        of_v1("", 100_000),
    ),
    Case("a path that the mount does not show", 1.0, "4:cpu:/../abc\n", V1.format(top="/"), of_v1("", 100_000)),
    Case(
        "both versions",
        0.5,
        "4:cpu,cpuacct:/a\n0::/b\n",
        f"{V1.format(top='/')}\n{V2}",
        of_v1("a/", 50_000) | of_v2("b/", "100000 100000"),
    ),
    Case(
        "a folder with a space",
        1.0,
        "0::/\n",
        V2.replace("/sys/fs/cgroup", r"/sys/my\040groups"),
        {"sys/my groups/cpu.max": "100000 100000\n"},
    ),
    Case("a file that says nothing", None, "0::/\n", V2, of_v2("", "")),
    Case("no control groups", None, "", "", {}),
)


def written(root: Path, case: Case) -> Path:
    """Write the files of a case, and return the root folder."""
    files = {"proc/self/cgroup": case.groups, "proc/self/mountinfo": f"{case.mounts}\n", **case.files}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_lowest_quota_of_all_levels_counts(case: Case, tmp_path: Path) -> None:
    """Of the process's own group and of those above it, not of others."""
    assert case.expected == cpu_quota(written(tmp_path, case))


def test_a_system_without_these_files_has_no_quota(tmp_path: Path) -> None:
    """Systems other than Linux."""
    assert (None, None) == (cpu_quota(tmp_path), throttling(tmp_path))


def test_throttling_is_counted_at_each_level_with_a_quota(tmp_path: Path) -> None:
    """Version 2 counts in microseconds; a group without a quota throttles nobody."""
    stat = "usage_usec 9\nnr_periods 7\nnr_throttled {}\nthrottled_usec {}\n"
    stats = {
        "sys/fs/cgroup/cpu.stat": stat.format(100, 1_000_000),
        "sys/fs/cgroup/pod/cpu.stat": stat.format(2, 30_000),
        "sys/fs/cgroup/pod/one/cpu.stat": stat.format(1, 500),
    }
    case = Case("nested", 1.5, "0::/pod/one\n", V2, NESTED | stats)
    assert Throttling(3, pytest.approx(0.0305)) == throttling(written(tmp_path, case))


def test_version_1_counts_in_nanoseconds(tmp_path: Path) -> None:
    """Under another name."""
    stats = {"sys/fs/cgroup/cpu,cpuacct/cpu.stat": "nr_periods 7\nnr_throttled 5\nthrottled_time 2500000\n"}
    case = Case("version 1", 2.0, "4:cpu,cpuacct:/\n", V1.format(top="/"), of_v1("", 200_000) | stats)
    assert Throttling(5, pytest.approx(0.0025)) == throttling(written(tmp_path, case))


def test_without_a_quota_nothing_is_throttled(tmp_path: Path) -> None:
    """Its counters may have any value."""
    stats = {"sys/fs/cgroup/cpu.stat": "nr_throttled 5\n"}
    case = Case("no quota", None, "0::/\n", V2, of_v2("", "max 100000") | stats)
    assert throttling(written(tmp_path, case)) is None
