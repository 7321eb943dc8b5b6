"""Ratios over compilations on a simulated machine: load on one side, repeated looks, and the budget."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from wergate.errors import SuiteError
from wergate.studies.latency_verdicts.methods import METHODS, Method, outcome_of, verdict_on
from wergate.studies.latency_verdicts.simulation import SimulatedMachine
from wergate.timing.calls import Side
from wergate.timing.compilations import Block, Compilation, best_blocks
from wergate.timing.gates import is_open, speedup_verdict
from wergate.timing.load import Turn
from wergate.timing.looks import confidence_at
from wergate.timing.paired import Paired, PairedRule, time_compilations, time_pair
from wergate.verdict import Status

RULE = PairedRule()
MINIMUM = 0.975


def time(machine: SimulatedMachine, first_s: float, second_s: float, minimum: float | None, **rule: Any) -> Paired:
    def compile_pair() -> tuple[Side, Side]:
        return machine.compile(first_s, second_s)

    return time_compilations(compile_pair, PairedRule(**rule), is_open(minimum), machine.clock, machine.reading)


def line(found: Paired, minimum: float) -> str:
    return speedup_verdict(found, minimum, fast="int8", slow="fp16", scope="x").line


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_no_disturbance_makes_a_verdict_wrong(method: Method) -> None:
    """Of four equal builds none fails, and of four that are 5 % slower none passes."""
    outcome = outcome_of(method, 4, MINIMUM, RULE)
    assert outcome.wrong == 0, outcome.statuses
    if method.name == "none":
        assert outcome.statuses == {0: Counter({"PASS": 4}), 5: Counter({"FAIL": 4})}


@pytest.mark.parametrize(("side", "cost_s", "minimum"), [("first", 0.005, 1.3), ("second", 0.0058, 1.9)])
def test_a_busy_core_during_one_side_is_no_verdict(side: str, cost_s: float, minimum: float) -> None:
    """A load on one side of 1.6 or 1.7 times the speed gives neither a false FAIL nor a false PASS, and says why."""
    unprotected, protected = (
        time(SimulatedMachine(load=lambda called, _: 0.45 * (called == side), reports=reports), cost_s, 0.01, minimum)
        for reports in (False, True)
    )
    wrong = {"first": "but should be", "second": "speedup_over_fp16=3"}
    assert wrong[side] in line(unprotected, minimum)
    assert speedup_verdict(protected, minimum, fast="int8", slow="fp16", scope="x").status is Status.INCONCLUSIVE
    shares = {"first": "INT8's calls waited for others 45 % of their time, FP16's 0 %"}
    assert shares.get(side, "INT8's calls waited for others 0 % of their time, FP16's 45 %") in line(protected, minimum)
    assert (protected.balance.void, protected.balance.blocks) == (len(protected.first_s) // 2,) * 2


def test_a_load_on_one_side_is_seen_with_given_sides_too() -> None:
    """Studies that time two given models are protected in the same way."""
    machine = SimulatedMachine(load=lambda called, _: 0.45 * (called == "second"))
    sides = machine.compile(0.01, 0.01)
    found = time_pair(*sides, PairedRule(budget_s=5), is_open(1.2), machine.clock, machine.reading)
    assert not found.balance.enough


@pytest.mark.parametrize(("side", "sign"), [("first", -1), ("second", 1)])
def test_a_load_too_small_for_a_block_counts_in_the_sum(side: str, sign: int) -> None:
    """No block is void, but the interval reaches the ratio without the load."""
    found = time(SimulatedMachine(load=lambda called, _: 0.08 * (called == side)), 0.01, 0.01, None)
    assert found.balance.void == 0
    assert sign * math.log(found.ratio) > 0.05
    assert found.interval.low < 1 < found.interval.high


def test_a_load_on_both_sides_makes_no_block_void() -> None:
    """A neighbour that takes a third of both sides' time leaves a clear verdict clear."""
    found = time(SimulatedMachine(load=lambda *_: 0.33), 0.005, 0.01, 1.5)
    assert found.balance.void == 0
    assert found.balance.shift == 1
    assert found.ratio == pytest.approx(2, rel=0.02)
    assert speedup_verdict(found, 1.5, fast="int8", slow="fp16", scope="x").status is Status.PASS


def test_waiting_as_long_whatever_the_work_pulls_a_ratio_to_one() -> None:
    """A turn of the scheduler takes as long for a short call. The interval reaches the ratio without it."""
    machine = SimulatedMachine()
    short, long = (0.005, 0.01)
    machine.load = lambda called, _: 0.02 / (0.02 + (short if called == "first" else long))
    found = time(machine, short, long, 1.9, load_difference_max=1.0)
    assert found.ratio < 1.3
    assert found.interval.high > 2


def test_both_sides_are_compiled_anew() -> None:
    """Five times at least, all in one verdict line; a single pair is alive at a time."""
    machine = SimulatedMachine()
    found = time(machine, 0.005, 0.01, 1.5)
    assert (5, 5) == (machine.compiled, found.compilations)
    assert "interleaved rounds of each in 5 compilations" in line(found, 1.5)


def test_two_compilations_that_differ_by_chance_are_no_regression() -> None:
    """If compilations differ by 1.8 %, one pair says FAIL now and then; none of twenty measurements over them does."""
    single, several = Counter[str](), Counter[str]()
    for seed in range(20):
        machine = SimulatedMachine(seed=seed, compilation=0.018, noise=0.01)
        one = time_pair(*machine.compile(0.01, 0.01), RULE, is_open(MINIMUM), machine.clock, machine.reading)
        single[speedup_verdict(one, MINIMUM, fast="int8", slow="baseline", scope="x").status] += 1
        several[verdict_on(SimulatedMachine(seed=seed, compilation=0.018, noise=0.01), 0, MINIMUM, RULE)[0]] += 1
    assert single["FAIL"] > 0
    assert several["FAIL"] == 0


def test_the_interval_is_over_compilations() -> None:
    """Compilations that vary by 3 % make it wide, however little blocks vary, and it holds the true ratio."""
    held, widths = 0, []
    for seed in range(60):
        found = time(SimulatedMachine(seed=seed, compilation=0.03, noise=0.001), 0.01, 0.013, None)
        held += found.interval.low <= 1.3 <= found.interval.high
        widths.append(found.interval.high / found.interval.low)
    assert held >= 58
    assert np.median(widths) > 1.1


def test_a_budget_for_few_compilations_says_so() -> None:
    """Three compilations of a large model give a wide interval, and the verdict names the number that is wanted."""
    found = time(SimulatedMachine(compile_s=3.0, noise=0.1), 1.0, 1.9, 1.8, open_budget_factor=1.0)
    assert 3 == found.compilations
    assert "3 compilations of each are too few, 5 are wanted: raise budget_s" in line(found, 1.8)


def blocks(generator: np.random.Generator, count: int, within: float, mean: float) -> list[Block]:
    quiet = Turn(1.0, 0.0, 1.0)
    times = np.exp(mean + generator.normal(0, within, (count, 2)))
    return [Block((1.0, 1.0), (float(a), float(b)), quiet, quiet) for a, b in times]


def test_time_goes_to_the_level_that_varies() -> None:
    """A dear compilation gets more blocks, and a level that varies more gets more of the time."""

    def best(cost_s: float, between: float) -> int:
        generator = np.random.default_rng(1)
        means = between * np.linspace(-1, 1, 20)
        return best_blocks([Compilation(cost_s, blocks(generator, 16, 0.03, mean)) for mean in means], 0.05)

    assert best(0.2, 0.05) < best(5.0, 0.05) < best(5.0, 0.02)
    assert best(0.2, 0.2) == 2
    assert best(5.0, 0.0) == 64


def test_all_looks_together_spend_the_error() -> None:
    """However many looks, their errors add up to at most one hundredth."""
    spent = np.cumsum([1 - confidence_at(look, 0.99) for look in range(40)])
    assert spent[0] == pytest.approx(0.0023, abs=0.0002)
    assert 0.0089 < spent[5] < spent[-1] <= 0.0100001


def test_too_few_compilations_are_refused() -> None:
    """An interval needs at least three."""
    with pytest.raises(SuiteError, match="compilations_min = 2 gives no interval of the ratio: at least 3"):
        time(SimulatedMachine(), 0.01, 0.01, None, compilations_min=2)


def test_a_clock_that_goes_back_blames_the_right_clock() -> None:
    """Interleaved timing does not use the clock that --benchmark-timer names."""
    machine = SimulatedMachine(set_back_s=lambda now_s: 50 * now_s if now_s > 1 else 0)
    with pytest.raises(SuiteError, match=r"is -\S+; finite positive seconds .*; the timer's own clock") as found:
        time(machine, 0.01, 0.01, None)
    assert "--benchmark-timer" not in str(found.value)


def test_noise_is_named_where_a_ratio_fails() -> None:
    """A FAIL on a noisy machine starts with the noise, not with the graph."""
    found = time(SimulatedMachine(), 0.01, 0.01, 1.5)
    verdict = speedup_verdict(found, 1.5, fast="int8", slow="fp16", scope="x", noise=("others 25 %",))
    assert verdict.status is Status.FAIL
    assert "; NOISY (others 25 %): run again on a quiet machine first; then check in the graph gate" in verdict.line
