"""The paired timer, on machines that are made up: how fast, how noisy, how they drift. No test waits."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from wergate.errors import SuiteError
from wergate.timing.gates import is_open, speedup_verdict
from wergate.timing.paired import Paired, PairedRule, Side, ratio_interval, time_pair
from wergate.verdict import Status

RULE = PairedRule()


@dataclass
class Machine:
    """A clock that calls advance: by their cost, times seeded noise, times what the machine as a whole does.

    Attributes:
        noise: of a call's logarithm, normal; one call in twenty takes half as much again.
        speed: seconds that pass in a second of work, by the time of day.
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


def test_the_ratio_is_how_many_times_as_fast_the_first_is() -> None:
    """Twice the second's time, twice as fast; medians are told in milliseconds, rounds are two in each block."""
    found = Machine().time(0.010, 0.020)
    assert found.ratio == pytest.approx(2.0, rel=0.02)
    assert found.interval.low <= found.ratio <= found.interval.high
    assert (found.first_ms, found.second_ms) == pytest.approx((10, 20), rel=0.03)
    assert (32, 32) == (found.rounds, len(found.second_s))


def test_sides_take_turns_by_lot() -> None:
    """Every block is A B B A or B A A B, both occur, and the same seed draws the same order."""
    machine = Machine()
    machine.time(0.3, 0.3, rule=PairedRule(budget_s=100))  # calls so long that no untimed one leads them
    calls = "".join(machine.called)[-64:]
    blocks = [calls[start : start + 4] for start in range(0, 64, 4)]
    assert {"ABBA", "BAAB"} == set(blocks)
    other = Machine()
    other.time(0.3, 0.3, rule=PairedRule(budget_s=100))
    assert machine.called == other.called


def test_a_short_call_is_led_by_an_untimed_one_of_its_side() -> None:
    """The other side has just emptied the caches: what is timed is the second of two like calls."""
    machine = Machine()
    found = machine.time(0.01, 0.01)
    calls = "".join(machine.called)[-4 * found.rounds :]
    assert {"AABBBBAA", "BBAAAABB"} == {calls[start : start + 8] for start in range(0, len(calls), 8)}


def test_a_drift_that_both_share_cancels() -> None:
    """A machine that gets three times slower while it is timed does not change how much faster one side is."""
    found = Machine(speed=lambda now_s: 1 + now_s).time(0.010, 0.0105)
    assert found.ratio == pytest.approx(1.05, abs=0.02)
    assert found.interval.high - found.interval.low < 0.06


def test_a_plain_verdict_takes_few_rounds_and_an_open_one_the_budget() -> None:
    """Rounds are bought only while they can change something."""
    plain, equal = Machine().time(0.01, 0.03, 1.5), Machine(noise=0.2).time(0.01, 0.01, 1.0)
    assert 32 == plain.rounds
    assert equal.rounds > 200
    assert RULE.budget_s <= equal.elapsed_s < RULE.budget_s + 1


def test_slow_calls_have_fewer_blocks_and_a_wider_interval() -> None:
    """Of calls of seconds, four blocks are what the budget has room for; Student's t says what they are worth."""
    found = Machine().time(1.0, 2.0, 1.5)
    assert 8 == found.rounds
    assert found.interval.low < 2.0 < found.interval.high
    assert found.elapsed_s < 45


@pytest.mark.parametrize(("blocks", "least"), [(4, 0.975), (8, 0.975), (16, 0.96), (40, 0.97)])
def test_the_interval_holds_the_truth(blocks: int, least: float) -> None:
    """A 99 % interval of 200 made-up runs each: with few blocks it is cautious, with many it keeps its promise."""
    generator, held = np.random.default_rng(blocks), 0
    for _ in range(200):
        shared = np.exp(generator.normal(0, 0.1, (blocks, 1)))  # a block's own speed of the machine
        first, second = (cost * shared * np.exp(generator.normal(0, 0.02, (blocks, 2))) for cost in (1.0, 1.3))
        _, interval = ratio_interval(list(first.ravel()), list(second.ravel()), PairedRule(resamples=500))
        held += interval.low <= 1.3 <= interval.high
    assert held / 200 >= least


def test_the_same_build_passes_and_one_five_percent_slower_fails() -> None:
    """Threshold 0.975, fifteen made-up runs each, on a machine with bursts: no false alarm, nothing missed."""
    verdicts: dict[float, list[Status]] = {1.0: [], 1.05: []}
    for cost, found in verdicts.items():
        for seed in range(15):
            paired = Machine(seed=seed).time(0.006 * cost, 0.006, 0.975, PairedRule(resamples=500))
            found.append(speedup_verdict(paired, 0.975, fast="int8", slow="baseline", scope="x").status)
    assert {1.0: {Status.PASS}, 1.05: {Status.FAIL}} == {cost: set(found) for cost, found in verdicts.items()}


def test_warm_up_is_not_timed() -> None:
    """Calls that are slow because they are first count for nothing, however many they are."""
    machine = Machine(noise=0.0, speed=lambda now_s: 1 + 9 * math.exp(-now_s / 0.3))
    found = machine.time(0.01, 0.01)
    assert max(found.first_s) < 0.02
    assert found.ratio == pytest.approx(1, abs=0.02)


def test_the_collector_is_off_while_timing_and_back_afterwards() -> None:
    """It would visit whatever else the process holds in the middle of a round."""
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


def test_every_answer_is_handed_on_untimed() -> None:
    """What becomes of an answer takes no time of the round that gave it."""
    machine, kept = Machine(), []

    def keep(answer: object) -> None:
        kept.append(answer)
        machine.now_s += 1.0

    first = Side(machine.side("A", 0.01).call, keep)
    found = time_pair(first, machine.side("B", 0.01), PairedRule(budget_s=1000), lambda _: False, machine.clock)
    assert machine.called.count("A") == len(kept) >= found.rounds
    assert max(found.first_s) < 0.03


@pytest.mark.parametrize("broken", [math.nan, math.inf], ids=["NaN", "infinite"])
def test_a_time_that_is_none_is_one_line(broken: float) -> None:
    """A clock that gives no number ends the measurement; beside a NaN nothing is slower."""
    machine = Machine(speed=lambda now_s: broken if now_s > 0.3 else 1.0)
    with pytest.raises(SuiteError, match=r"timing 1 of 1 of a call taken in turns is (nan|inf), which is no time"):
        machine.time(0.01, 0.01)


def test_too_few_blocks_are_refused() -> None:
    """An interval takes four."""
    with pytest.raises(SuiteError, match="blocks_min = 3 leaves a ratio without an interval: at least 4"):
        Machine().time(0.01, 0.01, rule=PairedRule(blocks_min=3))
