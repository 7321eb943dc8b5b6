"""Load of a side: what each source says, what it is worth, and a system that reports nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fixtures.benchmarks.activity import noise_lines
from wergate.evaluation.rows import IntervalRow
from wergate.timing.load import Reading, SystemLoad, Turn, calibrated, turn_between, waiting_of
from wergate.timing.rows import RatioRow, SideLoadRow

BEFORE = Reading(own_s=1.0, busy_s=10.0, waited_s=2.0, stolen_s=0.5, throttled_s=0.1)


def lost(**after: float | None) -> float | None:
    return turn_between(BEFORE, replace(BEFORE, own_s=1.2, busy_s=10.2, **after), 0.2).lost_s


def test_a_quiet_turn_loses_nothing() -> None:
    """CPU time of this process is not a load on it."""
    assert lost() == pytest.approx(0.0)


def test_waiting_counts_up_to_what_others_took() -> None:
    """Threads of one process wait for each other too, and a process on an idle CPU makes nobody wait."""
    assert lost(waited_s=2.3) == pytest.approx(0.0)
    busy = {"busy_s": 10.3}
    assert turn_between(BEFORE, replace(BEFORE, own_s=1.2, waited_s=2.3, **busy), 0.2).lost_s == pytest.approx(0.1)
    assert turn_between(BEFORE, replace(BEFORE, own_s=1.2, waited_s=2.05, **busy), 0.2).lost_s == pytest.approx(0.05)


def test_steal_and_throttling_are_load() -> None:
    """The hypervisor's time counts as it is, and a stop by the quota as waiting."""
    assert lost(stolen_s=0.55) == pytest.approx(0.05)
    assert lost(throttled_s=0.2, waited_s=2.4) == pytest.approx(0.1)


def test_one_source_suffices() -> None:
    """Without run delay, what others took counts; without their time, the run delay; without both, it is unknown."""
    without_delay, without_others = replace(BEFORE, waited_s=None), replace(BEFORE, busy_s=None)
    after = replace(without_delay, own_s=1.2, busy_s=10.3), replace(without_others, own_s=1.2, waited_s=2.1)
    assert turn_between(without_delay, after[0], 0.2).lost_s == pytest.approx(0.1)
    assert turn_between(without_others, after[1], 0.2).lost_s == pytest.approx(0.1)
    assert turn_between(Reading(1.0), Reading(1.2), 0.2).lost_s is None


def test_the_share_of_waiting_is_of_the_time_that_threads_wanted() -> None:
    """A side that had 0.3 s and lost 0.1 s waited a quarter of its time; unknown turns do not count."""
    assert waiting_of([Turn(0.4, 0.1, 0.3), Turn(0.4, None)]) == pytest.approx(0.25)
    assert waiting_of([Turn(0.4, None)]) is None


def test_own_threads_that_wait_for_each_other_do_not_count() -> None:
    """One turn cannot show it, because ticks are coarse. Over all turns, nobody took the time that they waited."""
    own = [turn_between(BEFORE, replace(BEFORE, own_s=1.03, busy_s=10.03, waited_s=2.004, resolution_s=0.01), 0.02)] * 9
    assert [turn.lost_s for turn in own] == pytest.approx([0.004] * 9)
    assert [turn.lost_s for turn in calibrated(own)] == pytest.approx([0] * 9)
    loaded = [Turn(0.02, 0.004, 0.03, taken_s=0.006), Turn(0.02, 0.004, 0.03, taken_s=0.001)]
    assert [turn.lost_s for turn in calibrated(loaded)] == pytest.approx([0.0035, 0.0035])
    assert calibrated([Turn(0.02, 0.004)]) == [Turn(0.02, 0.004)]


def unprotected(**load: float | None) -> RatioRow:
    row = SideLoadRow(**{"fast": None, "slow": None, "blocks": 9, "void_blocks": 0, "shift": 1.0} | load)
    about = {"model": "m", "duration_s": 1.0, "fast": "int8", "slow": "fp16", "ratio": 2.0, "rounds": 18}
    interval = IntervalRow(low=1.9, high=2.1, confidence=0.99)
    return RatioRow(**about, interval=interval, fast_ms=1.0, slow_ms=2.0, load=row)


def test_a_system_that_reports_no_load_is_named_once() -> None:
    """Ratios are timed without the protection, and one line says so."""
    said = [line for line in noise_lines([], [unprotected()] * 3) if "not reported by this system" in line]
    assert len(said) == 1
    assert not list(noise_lines([], [unprotected(fast=0.1, slow=0.1)]))


def system(root: Path, *, stat: str = "", schedstat: str | None = None, usage: str = "") -> SystemLoad:
    folder = root / "proc" / "self" / "task" / "1"
    folder.mkdir(parents=True)
    (root / "proc" / "stat").write_text(stat)
    if schedstat is not None:
        (folder / "schedstat").write_text(schedstat)
    if usage:
        group = root / "sys" / "fs" / "cgroup" / "cpuacct"
        group.mkdir(parents=True)
        (group / "cpuacct.usage_percpu").write_text(usage)
    return SystemLoad(root)


def ticks(*fields: int) -> str:
    return "cpu 0 0 0 0 0 0 0 0 0 0\n" + "".join(f"cpu{n} {' '.join(map(str, fields))}\n" for n in range(256))


CPUS = len(os.sched_getaffinity(0))


def test_a_system_that_reports_nothing_says_so(tmp_path: Path) -> None:
    """A container without these files gives unknown load, and names what is missing."""
    found = system(tmp_path)
    assert found.missing == ("CPU time of others", "run delay", "clock")
    assert (found().busy_s, found().waited_s) == (None, None)
    zeros = system(tmp_path / "zeros", stat=ticks(*[0] * 10), schedstat="0 0 0\n")
    assert zeros.missing == found.missing


def test_ticks_of_the_allowed_cpus_are_read(tmp_path: Path) -> None:
    """User, nice, system and interrupts are busy; idle and waiting for a disk are not; steal is apart."""
    reading = system(tmp_path, stat=ticks(1, 2, 4, 1000, 1000, 8, 16, 32, 0, 0), schedstat="5000000 2500000 7\n")()
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    assert (reading.busy_s, reading.stolen_s) == pytest.approx((31 * tick_s * CPUS, 32 * tick_s * CPUS))
    assert (reading.waited_s, reading.resolution_s) == pytest.approx((0.0025, tick_s))


@pytest.mark.parametrize(("share", "finer"), [(1.0, True), (0.2, False)])
def test_a_control_group_replaces_ticks_if_it_counts_the_whole_machine(
    tmp_path: Path, share: float, *, finer: bool
) -> None:
    """The group of a container counts itself only, and must not hide the load of others."""
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    usage = " ".join([str(int(share * 100 * tick_s * 1e9) - 1)] * 256)
    reading = system(tmp_path, stat=ticks(100, *[0] * 9), usage=usage)()
    assert reading.busy_s == pytest.approx(100 * tick_s * CPUS, rel=1e-6)
    assert (reading.resolution_s < tick_s) == finer


def test_this_machine_can_be_read() -> None:
    """Counters never decrease, and work of this process does not count as a load."""
    read = SystemLoad()
    before = read()
    np.sort(np.random.default_rng(0).random(300_000))
    after = read()
    assert after.own_s > before.own_s
    assert all(
        getattr(after, name) is None or getattr(after, name) >= getattr(before, name)
        for name in ("busy_s", "stolen_s", "throttled_s")
    )
