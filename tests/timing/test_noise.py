"""What is said of timings: percentiles where there are enough, noise by its name, and nothing of a quiet run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.shipped import section
from wergate.config.benchmarks import NoiseSettings
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


def test_percentiles_take_so_many_samples() -> None:
    """Two timings above the percentile, with 99 % confidence: 64 for p90 and 662 for p99, none fewer."""
    assert [samples_needed(percent) for percent in (50, 90, 99)] == [1, 64, 662]
    for percent, needed in ((0.9, 64), (0.99, 662)):
        fewer_than_two = [q**n + n * (1 - q) * q ** (n - 1) for q, n in ((percent, needed), (percent, needed - 1))]
        assert fewer_than_two[0] <= 0.01 < fewer_than_two[1]


def test_the_second_largest_is_an_upper_bound() -> None:
    """By simulation, of a distribution that is not normal: above the true 90th percentile 99 times of 100."""
    generator = np.random.default_rng(1)
    second = np.sort(generator.exponential(1.0, (4000, 64)), axis=1)[:, -2]
    assert 0.985 < np.mean(second > -math.log(0.1)) < 0.995


@pytest.mark.parametrize(
    ("rounds", "told"),
    [
        (1, {"p50_ms"}),
        (63, {"p50_ms"}),
        (64, {"p50_ms", "p90_ms"}),
        (661, {"p50_ms", "p90_ms"}),
        (662, {"p50_ms", "p90_ms", "p99_ms"}),
    ],
)
def test_percentiles_are_told_where_rounds_suffice(rounds: int, told: set[str]) -> None:
    """No percentile of too few rounds; those that are told are in milliseconds and in order."""
    found = percentiles_ms([0.001 * (1 + number) for number in range(rounds)])
    assert set(found) == told
    assert found["p50_ms"] == pytest.approx((rounds + 1) / 2)
    assert list(found.values()) == sorted(found.values())


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -0.001], ids=str)
@pytest.mark.parametrize(
    "say", [percentiles_ms, lambda times: noises(times, QUIET, RULE)], ids=["percentiles", "noise"]
)
def test_a_timing_that_is_none_is_one_line(bad: float, say: Callable[[list[float]], object]) -> None:
    """A NaN would hide every slowdown."""
    with pytest.raises(SuiteError, match=r"timing 2 of 3 of a benchmark is \S+, which is no time: finite positive sec"):
        say([0.001, bad, 0.002])


@pytest.mark.parametrize("rounds", [5, 30, 100, 400])
@pytest.mark.parametrize("name", ONE_SPEED)
def test_a_quiet_run_is_called_nothing(name: str, rounds: int) -> None:
    """Of forty seeded runs of one speed, whatever its distribution, one at the most is called noisy."""
    generator = np.random.default_rng(rounds)
    called = [noises(list(ONE_SPEED[name](generator, rounds)), QUIET, RULE) for _ in range(40)]
    assert sum(map(bool, called)) <= 1, [names for names in called if names]


@pytest.mark.parametrize("rounds", [100, 300])
@pytest.mark.parametrize("name", TWO_SPEEDS)
def test_two_speeds_are_named(name: str, rounds: int) -> None:
    """Of twenty-five seeded runs, 24 at the least."""
    generator = np.random.default_rng(7)
    found = [modes(TWO_SPEEDS[name](generator, rounds), RULE.mode_gap_min) for _ in range(25)]
    told = [mode for mode in found if mode is not None]
    assert len(told) >= 24
    assert all(mode.fast_s == pytest.approx(0.01, rel=0.03) for mode in told)


def test_two_speeds_are_told_with_their_figures() -> None:
    """Both speeds, and how many rounds ran at the slower one."""
    times = np.where(np.arange(300) % 4, 0.01, 0.012) * jitter(np.random.default_rng(2), 300, 0.005)
    assert noises(list(times), QUIET, RULE) == ("bimodal: 10 ms, but 12 ms in 25 % of the rounds",)


def test_two_speeds_nearer_than_the_rule_are_not_named() -> None:
    """They would move a median by less than anyone gates."""
    times = np.where(np.arange(300) % 2, 0.0103, 0.01) * jitter(np.random.default_rng(3), 300, 0.001)
    assert modes(times, RULE.mode_gap_min) is None
    assert modes(times, 0.02) is not None


@dataclass(frozen=True)
class Trend:
    """How speed goes over a run, and what drift is named."""

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
def test_a_drift_is_named_with_its_direction(trend: Trend) -> None:
    """The second half's median over the first's; within 5 % it is not worth a word."""
    at = np.linspace(0, 1, 200)
    assert noises(list(0.01 * trend.change(at) * jitter(np.random.default_rng(4), 200)), QUIET, RULE) == trend.named


def test_chance_is_no_drift() -> None:
    """Few wild rounds have halves that differ by more than 5 % all the time; the test of the halves asks for more."""
    generator = np.random.default_rng(5)
    runs = [0.01 * jitter(generator, 20, 0.3) for _ in range(300)]
    halves = [abs(np.median(run[10:]) / np.median(run[:10]) - 1) > 0.05 for run in runs]
    assert sum(halves) > 150
    assert sum(drift(list(run)) != 0 for run in runs) <= 1
    assert drift([0.01] * 40) == 0.0


def test_what_the_machine_did_is_named() -> None:
    """Stolen time and other processes, each beyond its own threshold; what is not known is not named."""
    times = [0.01] * 5
    busy = replace(QUIET, steal=0.032, others=0.25)
    assert noises(times, busy, RULE) == ("steal 3.2 %", "others 25 %")
    assert noises(times, replace(QUIET, steal=0.01, others=0.1), RULE) == ()
    assert noises(times, replace(QUIET, steal=None, others=None), RULE) == ()
    assert noises(times, None, RULE) == ()


BEFORE = Counters(total_s=100.0, busy_s=50.0, own_s=10.0, stolen_s=1.0, load=0.5)


def test_shares_are_of_the_time_between_two_readings() -> None:
    """Two cores for two seconds: 0.1 s stolen, 3 s busy, 2.5 s of it our own."""
    after = Counters(total_s=104.0, busy_s=53.0, own_s=12.5, stolen_s=1.1, load=1.5)
    seen = seen_between(BEFORE, after)
    assert (seen.load_before, seen.load_after) == (0.5, 1.5)
    assert (seen.steal, seen.others) == (pytest.approx(0.025), pytest.approx(0.125))


def test_of_too_short_a_run_no_share_is_told() -> None:
    """The kernel counts in hundredths of a second; a share of a few of these is chance."""
    after = Counters(total_s=100.04, busy_s=50.04, own_s=10.01, stolen_s=1.01, load=0.5)
    seen = seen_between(BEFORE, after)
    assert (seen.steal, seen.others) == (None, None)
    unknown = seen_between(replace(BEFORE, stolen_s=None), replace(after, total_s=110.0))
    assert unknown.steal is None


def test_this_machine_can_be_read() -> None:
    """Counters only grow, the process's own are part of what is busy on its CPUs."""
    before = read_counters()
    np.sort(np.random.default_rng(0).random(3_000_000))
    after = read_counters()
    assert after.total_s >= before.total_s
    assert after.own_s > before.own_s
    assert after.load >= 0


def test_the_governor_is_that_of_our_cpus(tmp_path: Path) -> None:
    """Each once; a virtual machine has none."""
    assert governor(tmp_path) == "unknown"
    for number in range(256):
        folder = tmp_path / f"cpu{number}" / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_governor").write_text("powersave\n")
    assert governor(tmp_path) == "powersave"
