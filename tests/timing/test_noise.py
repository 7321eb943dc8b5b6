"""Percentiles need enough timings, each kind of noise is named, and a quiet run gives none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.shipped import section
from wergate.config.benchmarks import NoiseSettings
from wergate.environment.cgroups import Throttling
from wergate.errors import SuiteError
from wergate.timing.noise import Counters, MachineActivity, drift, governor, modes, noises, read_counters, seen_between
from wergate.timing.percentiles import percentiles_ms, samples_needed

RULE = section(NoiseSettings)
QUIET = MachineActivity("performance", 0.5, 1.0, 0.0, 0.01)
Draw = Callable[[np.random.Generator, int], np.ndarray]


def jitter(generator: np.random.Generator, count: int, sd: float = 0.02) -> np.ndarray:
    return np.exp(generator.normal(0, sd, count))


ONE_SPEED: dict[str, Draw] = {
    "normal": lambda g, n: 0.01 * jitter(g, n, 0.05),
    "wide": lambda g, n: 0.01 * jitter(g, n, 0.3),
    "a long tail": lambda g, n: 0.01 + g.exponential(0.001, n),
    "a longer tail": lambda g, n: 0.01 + g.exponential(0.005, n),
    "heavy tails": lambda g, n: 0.01 * np.exp(0.03 * g.standard_t(3, n)),
    "even": lambda g, n: g.uniform(0.01, 0.012, n),
    "outliers": lambda g, n: 0.01 * jitter(g, n) * np.where(g.random(n) < 0.05, 1 + g.exponential(0.5, n), 1),
}
TWO_SPEEDS: dict[str, Draw] = {
    "a third at +20 %": lambda g, n: np.where(g.random(n) < 0.3, 0.012, 0.01) * jitter(g, n),
    "a fifth at +10 %": lambda g, n: np.where(g.random(n) < 0.2, 0.011, 0.01) * jitter(g, n, 0.01),
    "half at +10 %, with tails": lambda g, n: np.where(g.random(n) < 0.5, 0.011, 0.01) + g.exponential(1e-4, n),
}


def test_percentiles_need_enough_timings() -> None:
    """Two timings above the percentile with 99 % confidence need at least 64 timings for p90, and 662 for p99."""
    assert [samples_needed(percent) for percent in (50, 90, 99)] == [1, 64, 662]
    for percent, needed in ((0.9, 64), (0.99, 662)):
        fewer_than_two = [q**n + n * (1 - q) * q ** (n - 1) for q, n in ((percent, needed), (percent, needed - 1))]
        assert fewer_than_two[0] <= 0.01 < fewer_than_two[1]


def test_the_second_largest_is_an_upper_bound() -> None:
    """In a simulation with exponential times, it is above the true 90th percentile in 99 % of the runs."""
    generator = np.random.default_rng(1)
    second = np.sort(generator.exponential(1.0, (4000, 64)), axis=1)[:, -2]
    assert 0.985 < np.mean(second > -math.log(0.1)) < 0.995


@pytest.mark.parametrize(
    ("rounds", "expected"),
    [
        (1, {"p50_ms"}),
        (63, {"p50_ms"}),
        (64, {"p50_ms", "p90_ms"}),
        (661, {"p50_ms", "p90_ms"}),
        (662, {"p50_ms", "p90_ms", "p99_ms"}),
    ],
)
def test_percentiles_are_reported_if_rounds_suffice(rounds: int, expected: set[str]) -> None:
    """Too few rounds give no percentile; those that are reported are in milliseconds and in order."""
    found = percentiles_ms([0.001 * (1 + number) for number in range(rounds)])
    assert set(found) == expected
    assert found["p50_ms"] == pytest.approx((rounds + 1) / 2)
    assert list(found.values()) == sorted(found.values())


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -0.001], ids=str)
@pytest.mark.parametrize(
    "say", [percentiles_ms, lambda times: noises(times, QUIET, RULE)], ids=["percentiles", "noise"]
)
def test_an_invalid_timing_is_refused(bad: float, say: Callable[[list[float]], object]) -> None:
    """A NaN would hide every slowdown, so the run ends with one line."""
    with pytest.raises(SuiteError, match=r"timing 2 of 3 of a benchmark is \S+; finite positive seconds are accepted"):
        say([0.001, bad, 0.002])


@pytest.mark.parametrize("rounds", [5, 30, 100, 400])
@pytest.mark.parametrize("name", ONE_SPEED)
def test_a_quiet_run_has_no_noise(name: str, rounds: int) -> None:
    """At most one of forty seeded runs with one speed counts as noisy, for any distribution."""
    generator = np.random.default_rng(rounds)
    runs = [noises(list(ONE_SPEED[name](generator, rounds)), QUIET, RULE) for _ in range(40)]
    assert sum(map(bool, runs)) <= 1, [kinds for kinds in runs if kinds]


@pytest.mark.parametrize("rounds", [100, 300])
@pytest.mark.parametrize("name", TWO_SPEEDS)
def test_two_speeds_are_detected(name: str, rounds: int) -> None:
    """At least 24 of 25 seeded runs are detected."""
    generator = np.random.default_rng(7)
    found = [modes(TWO_SPEEDS[name](generator, rounds), RULE.mode_gap_min) for _ in range(25)]
    detected = [mode for mode in found if mode is not None]
    assert len(detected) >= 24
    assert all(mode.fast_s == pytest.approx(0.01, rel=0.03) for mode in detected)


def test_two_speeds_are_reported_with_their_times() -> None:
    """The text gives both speeds and the share of rounds at the slower one."""
    times = np.where(np.arange(300) % 4, 0.01, 0.012) * jitter(np.random.default_rng(2), 300, 0.005)
    assert noises(list(times), QUIET, RULE) == ("bimodal: 10 ms, but 12 ms in 25 % of the rounds",)


def test_two_speeds_closer_than_the_rule_are_not_reported() -> None:
    """They move a median by less than any gate would notice."""
    times = np.where(np.arange(300) % 2, 0.0103, 0.01) * jitter(np.random.default_rng(3), 300, 0.001)
    assert modes(times, RULE.mode_gap_min) is None
    assert modes(times, 0.02) is not None


@dataclass(frozen=True)
class Trend:
    """Change of speed over a run, with the expected noise."""

    id: str
    change: Callable[[np.ndarray], np.ndarray]
    named: tuple[str, ...]


TRENDS = (
    Trend("steady", lambda at: 1 + 0 * at, ()),
    Trend("slower by a fifth", lambda at: 1 + 0.2 * at, ("drift +10 %",)),
    Trend("faster by a fifth", lambda at: 1 - 0.2 * at, ("drift -10 %",)),
    Trend("slower by a twentieth", lambda at: 1 + 0.05 * at, ()),
)


@pytest.mark.parametrize("trend", TRENDS, ids=lambda trend: trend.id)
def test_a_drift_is_reported_with_its_direction(trend: Trend) -> None:
    """Drift compares the medians of both halves of a run; up to 5 % is not reported."""
    at = np.linspace(0, 1, 200)
    assert noises(list(0.01 * trend.change(at) * jitter(np.random.default_rng(4), 200)), QUIET, RULE) == trend.named


def test_random_differences_are_not_drift() -> None:
    """Halves of a short, noisy run often differ by more than 5 %, but not significantly."""
    generator = np.random.default_rng(5)
    runs = [0.01 * jitter(generator, 20, 0.3) for _ in range(300)]
    halves = [abs(np.median(run[10:]) / np.median(run[:10]) - 1) > 0.05 for run in runs]
    assert sum(halves) > 150
    assert sum(drift(list(run)) != 0 for run in runs) <= 1
    assert drift([0.01] * 40) == 0.0


def test_activity_of_the_machine_is_reported() -> None:
    """Stolen time and other processes are reported beyond their thresholds; unknown shares are not."""
    times = [0.01] * 5
    busy = replace(QUIET, steal=0.032, others=0.25)
    assert noises(times, busy, RULE) == ("steal 3.2 %", "others 25 %")
    assert noises(times, replace(QUIET, steal=0.01, others=0.1), RULE) == ()
    assert noises(times, replace(QUIET, steal=None, others=None), RULE) == ()
    assert noises(times, None, RULE) == ()


def test_throttling_is_noise() -> None:
    """Once is enough; without a quota, or within it, there is nothing to report."""
    assert noises([0.01] * 5, replace(QUIET, throttled=3, throttled_s=0.12), RULE) == (
        "throttled by the CPU quota 3 times, 120 ms",
    )
    assert noises([0.01] * 5, replace(QUIET, throttled=0, throttled_s=0.0), RULE) == ()


def test_throttling_between_two_readings_is_counted() -> None:
    """The counters of the system never start at zero; without a quota they are unknown."""
    after = replace(BEFORE, total_s=104.0, throttling=Throttling(12, 3.5))
    seen = seen_between(replace(BEFORE, throttling=Throttling(10, 3.0)), after)
    assert (seen.throttled, seen.throttled_s) == (2, 0.5)
    unknown = seen_between(BEFORE, after)
    assert (unknown.throttled, unknown.throttled_s) == (None, None)


BEFORE = Counters(total_s=100.0, busy_s=50.0, own_s=10.0, stolen_s=1.0, load=0.5)


def test_shares_refer_to_the_time_between_two_readings() -> None:
    """Two cores run for two seconds: 0.1 s stolen, and 3 s busy, of which 2.5 s belong to this process."""
    after = Counters(total_s=104.0, busy_s=53.0, own_s=12.5, stolen_s=1.1, load=1.5)
    seen = seen_between(BEFORE, after)
    assert (seen.load_before, seen.load_after) == (0.5, 1.5)
    assert (seen.steal, seen.others) == (pytest.approx(0.025), pytest.approx(0.125))


def test_too_short_a_run_gives_no_shares() -> None:
    """The kernel counts in ticks of 10 ms, so a share of a few ticks would be random."""
    after = Counters(total_s=100.04, busy_s=50.04, own_s=10.01, stolen_s=1.01, load=0.5)
    seen = seen_between(BEFORE, after)
    assert (seen.steal, seen.others) == (None, None)
    unknown = seen_between(replace(BEFORE, stolen_s=None), replace(after, total_s=110.0))
    assert unknown.steal is None


def test_this_machine_can_be_read() -> None:
    """Counters of time never decrease, and work of this process increases its own counter."""
    before = read_counters()
    np.sort(np.random.default_rng(0).random(3_000_000))
    after = read_counters()
    assert after.total_s >= before.total_s
    assert after.own_s > before.own_s
    assert after.load >= 0


def test_the_governor_of_the_allowed_cpus_is_read(tmp_path: Path) -> None:
    """Each governor is listed once, and a machine without any gives "unknown"."""
    assert governor(tmp_path) == "unknown"
    for number in range(256):
        folder = tmp_path / f"cpu{number}" / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_governor").write_text("powersave\n")
    assert governor(tmp_path) == "powersave"
