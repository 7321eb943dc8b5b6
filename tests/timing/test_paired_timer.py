"""The interleaved timer on simulated machines with known speed, noise and drift. No test waits."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from wergate.errors import SuiteError
from wergate.timing.calls import Side
from wergate.timing.compilations import Block
from wergate.timing.gates import is_open, speedup_verdict
from wergate.timing.load import Turn
from wergate.timing.paired import Paired, PairedRule, time_pair
from wergate.timing.ratio import block_interval
from wergate.verdict import Status

RULE = PairedRule()


@dataclass
class Machine:
    """A simulated machine: each call advances its clock by cost, times seeded noise, times the slowness of the machine.

    Attributes:
        noise: standard deviation of the logarithm of a call's time; one call in twenty takes 50 % longer.
        speed: seconds per second of work, as a function of the time.
    """

    seed: int = 0
    noise: float = 0.02
    speed: Callable[[float], float] = lambda _: 1.0
    now_s: float = 0.0
    called: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.generator = np.random.default_rng(self.seed)

    def clock(self) -> float:
        return self.now_s

    def side(self, name: str, cost_s: float) -> Side:
        def call() -> str:
            self.called.append(name)
            burst = 1.5 if self.generator.random() < 0.05 else 1.0
            self.now_s += cost_s * burst * math.exp(self.generator.normal(0, self.noise)) * self.speed(self.now_s)
            return name

        return Side(call)

    def time(self, first_s: float, second_s: float, minimum: float | None = None, rule: PairedRule = RULE) -> Paired:
        sides = self.side("A", first_s), self.side("B", second_s)
        return time_pair(*sides, rule, is_open(minimum), self.clock)


def test_the_ratio_is_the_speed_up_of_the_first_side() -> None:
    """A second side that takes twice as long gives 2; medians are in milliseconds, with two rounds per block."""
    found = Machine().time(0.010, 0.020)
    assert found.ratio == pytest.approx(2.0, rel=0.02)
    assert found.interval.low <= found.ratio <= found.interval.high
    assert (found.first_ms, found.second_ms) == pytest.approx((10, 20), rel=0.03)
    assert (32, 32) == (found.rounds, len(found.second_s))


def test_the_order_of_calls_is_random() -> None:
    """Every block is A B B A or B A A B, both occur, and the same seed gives the same order."""
    machine = Machine()
    machine.time(0.3, 0.3, rule=PairedRule(budget_s=100))  # too long for untimed calls
    calls = "".join(machine.called)[-64:]
    blocks = [calls[start : start + 4] for start in range(0, 64, 4)]
    assert {"ABBA", "BAAB"} == set(blocks)
    other = Machine()
    other.time(0.3, 0.3, rule=PairedRule(budget_s=100))
    assert machine.called == other.called


def test_an_untimed_call_precedes_each_short_call() -> None:
    """The untimed call of the same side refills the caches after calls of the other side."""
    machine = Machine()
    found = machine.time(0.01, 0.01)
    calls = "".join(machine.called)[-4 * found.rounds :]
    assert {"AABBBBAA", "BBAAAABB"} == {calls[start : start + 8] for start in range(0, len(calls), 8)}


def test_a_common_drift_cancels() -> None:
    """The ratio stays the same on a machine that becomes three times slower during the measurement."""
    found = Machine(speed=lambda now_s: 1 + now_s).time(0.010, 0.0105)
    assert found.ratio == pytest.approx(1.05, abs=0.02)
    assert found.interval.high - found.interval.low < 0.08


def test_a_clear_verdict_takes_few_rounds_and_an_open_one_the_budget() -> None:
    """Rounds are added only while the verdict is open."""
    narrow = PairedRule(open_width_min=1.0)
    clear, equal = Machine().time(0.01, 0.03, 1.5), Machine(noise=0.2).time(0.01, 0.01, 1.0, narrow)
    assert 32 == clear.rounds
    assert equal.rounds > 200
    assert RULE.budget_s <= equal.elapsed_s < RULE.budget_s + 1


def test_a_wide_undecided_ratio_gets_a_larger_budget() -> None:
    """Calls of a second on a busy machine: five blocks decide nothing, and those of four budgets do."""
    short = PairedRule(open_budget_factor=1.0)
    found = [Machine(seed=3, noise=0.3).time(1.0, 2.0, 1.2, rule) for rule in (short, RULE)]
    undecided, decided = (is_open(1.2)(paired) for paired in found)
    assert (True, False) == (undecided, decided), found
    assert found[0].rounds <= 10
    assert found[0].interval.high / found[0].interval.low > 1.5
    assert RULE.budget_s < found[1].elapsed_s < RULE.budget_s * RULE.open_budget_factor + 10


def test_a_ratio_at_its_threshold_gets_no_larger_budget() -> None:
    """An interval of less than 5 % that holds the threshold says where the ratio is: at the threshold."""
    found = Machine(noise=0.02).time(0.01, 0.01, 1.0)
    assert is_open(1.0)(found)
    assert found.interval.high / found.interval.low < 1 + RULE.open_width_min
    assert found.elapsed_s < RULE.budget_s + 1


def test_the_larger_budget_ends_too() -> None:
    """A machine that never gets quiet leaves the ratio undecided after four budgets."""
    found = Machine(noise=3.0).time(0.3, 0.3, 1.0, PairedRule(budget_s=5.0, resamples=200))
    assert is_open(1.0)(found)
    assert 20 <= found.elapsed_s


def test_slow_calls_have_fewer_blocks_and_a_wider_interval() -> None:
    """The budget allows four blocks of calls that take seconds; their interval is Student's t."""
    found = Machine().time(1.0, 2.0)
    assert 8 == found.rounds
    assert found.interval.low < 2.0 < found.interval.high
    assert found.elapsed_s < 45


@pytest.mark.parametrize(("blocks", "least"), [(4, 0.975), (8, 0.975), (16, 0.96), (40, 0.97)])
def test_the_interval_contains_the_true_ratio(blocks: int, least: float) -> None:
    """In 200 simulated runs, a 99 % interval has its coverage with many blocks, and a higher one with few."""
    generator, held = np.random.default_rng(blocks), 0
    for _ in range(200):
        shared = np.exp(generator.normal(0, 0.1, (blocks, 1)))  # speed of the machine in each block
        first, second = (cost * shared * np.exp(generator.normal(0, 0.02, (blocks, 2))) for cost in (1.0, 1.3))
        quiet = Turn(1.0, 0.0)
        found = [Block((a, b), (c, d), quiet, quiet) for (a, b), (c, d) in zip(first, second, strict=True)]
        _, interval = block_interval(found, 0.99, resamples=500, seed=0)
        held += interval.low <= 1.3 <= interval.high
    assert held / 200 >= least


def test_the_same_build_passes_and_one_five_percent_slower_fails() -> None:
    """At a threshold of 0.975, fifteen simulated runs of each give no false alarm and miss no slowdown."""
    verdicts: dict[float, list[Status]] = {1.0: [], 1.05: []}
    for cost, found in verdicts.items():
        for seed in range(15):
            paired = Machine(seed=seed).time(0.006 * cost, 0.006, 0.975, PairedRule(resamples=500))
            found.append(speedup_verdict(paired, 0.975, fast="int8", slow="baseline", scope="x").status)
    assert {1.0: {Status.PASS}, 1.05: {Status.FAIL}} == {cost: set(found) for cost, found in verdicts.items()}


def test_warm_up_is_not_timed() -> None:
    """Slow first calls do not affect the result, regardless of their number."""
    machine = Machine(noise=0.0, speed=lambda now_s: 1 + 9 * math.exp(-now_s / 0.3))
    found = machine.time(0.01, 0.01)
    assert max(found.first_s) < 0.02
    assert found.ratio == pytest.approx(1, abs=0.02)


def test_the_collector_is_off_while_timing_and_back_afterwards() -> None:
    """A collection during a round would take time for objects that the timed code does not own."""
    seen = []

    def call() -> None:
        seen.append(gc.isenabled())
        machine.now_s += 0.01

    machine = Machine()
    time_pair(Side(call), Side(call), RULE, lambda _: False, machine.clock)
    assert ({False}, True) == (set(seen), gc.isenabled())
    with pytest.raises(ZeroDivisionError):
        time_pair(Side(lambda: 1 / 0), Side(call), RULE, lambda _: False, machine.clock)
    assert gc.isenabled()


def test_results_are_passed_on_outside_the_timed_part() -> None:
    """Work on a result does not count towards the time of its round."""
    machine, kept = Machine(), []

    def keep(answer: object) -> None:
        kept.append(answer)
        machine.now_s += 1.0

    first = Side(machine.side("A", 0.01).call, keep)
    found = time_pair(first, machine.side("B", 0.01), PairedRule(budget_s=1000), lambda _: False, machine.clock)
    assert machine.called.count("A") == len(kept) >= found.rounds
    assert max(found.first_s) < 0.03


@pytest.mark.parametrize("broken", [math.nan, math.inf], ids=["NaN", "infinite"])
def test_an_invalid_time_is_refused(broken: float) -> None:
    """A clock that returns no finite number ends the measurement with one line."""
    machine = Machine(speed=lambda now_s: broken if now_s > 0.3 else 1.0)
    with pytest.raises(SuiteError, match=r"timing 1 of 1 of an interleaved call is (nan|inf); finite positive seconds"):
        machine.time(0.01, 0.01)


def test_too_few_blocks_are_refused() -> None:
    """An interval needs at least four blocks."""
    with pytest.raises(SuiteError, match="blocks_min = 3 gives no interval of the ratio: at least 4"):
        Machine().time(0.01, 0.01, rule=PairedRule(blocks_min=3))
