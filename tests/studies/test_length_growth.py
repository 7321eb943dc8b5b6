"""Memory over lengths: what each length leaves behind is told from what the runtime keeps of the last few."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from wergate.errors import SuiteError
from wergate.studies.growth.memory import growth_between, length_rule, passes_over_lengths, readings_of, settled
from wergate.timing.memory import KIB, growth_of, growth_verdict
from wergate.verdict import Status, Verdict

MIB = 1024 * KIB
LENGTHS, CALLS, HOP, SHORTEST = 250, 10, 320, 8080
RULE = length_rule(100.0, 0.99)
PASSES = passes_over_lengths(SHORTEST, HOP, LENGTHS)


class Process:
    """A process that keeps buffers of the last three lengths, 10 to 300 MiB, and something of every length."""

    def __init__(self, kept: Callable[[int], float]) -> None:
        self._kept = kept
        self._met: set[int] = set()
        self._last: list[int] = []
        self._noise = np.random.default_rng(7)

    def infer(self, length: int) -> None:
        self._met.add(length)
        self._last = [*self._last, length][-3:]

    def read(self) -> int:
        swing = sum(self._last) / HOP * 128 * KIB
        return int(100 * MIB + swing + self._kept(len(self._met)) + self._noise.normal(0, MIB))


@dataclass(frozen=True)
class Case:
    """What is kept of so many distinct lengths, and what should be said of it."""

    id: str
    kept: Callable[[int], float]
    status: Status


CASES = (
    Case("nothing", lambda _: 0.0, Status.PASS),
    Case("a cache that the first pass fills", lambda met: 2 * MIB * min(met, 200), Status.PASS),
    Case("a fifth of the rule", lambda met: 20 * KIB * met, Status.PASS),
    Case("twice the rule", lambda met: 200 * KIB * met, Status.FAIL),
    Case("an unbounded cache", lambda met: 12 * MIB * met, Status.FAIL),
    Case("as much as the rule", lambda met: 100 * KIB * met, Status.INCONCLUSIVE),
)


def run(case: Case) -> list[list[int]]:
    process = Process(case.kept)
    return [list(readings_of(found, CALLS, process.infer, process.read)) for found in PASSES]


def verdict(case: Case) -> tuple[int, Verdict]:
    passes, growth = settled(iter(run(case)), LENGTHS, RULE)
    return len(passes), growth_verdict(growth, RULE, subject="INT8", scope="x")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_stays_is_told_from_what_ran_last(case: Case) -> None:
    """Readings swing by tens of MiB with the lengths run last, more than all lengths of a pass may leave behind."""
    passes, found = verdict(case)
    assert found.status is case.status, found.line
    assert passes == (3 if case.status is Status.PASS else 4)


def test_an_arena_that_comes_and_goes_costs_a_pass() -> None:
    """64 MiB that are given back and taken again in the third pass: the fourth is like the third."""
    passes, found = verdict(Case("", lambda met: -64 * MIB * (520 < met < 600), Status.PASS))
    assert (passes, found.status) == (4, Status.INCONCLUSIVE), found.line
    passes, found = verdict(Case("", lambda met: -64 * MIB * (270 < met < 330), Status.PASS))
    assert (passes, found.status) == (4, Status.PASS), found.line


def test_readings_one_after_the_other_would_settle_nothing() -> None:
    """Why passes are compared: between neighbouring readings the swing is all there is to see."""
    readings = run(CASES[0])[-1]
    found = growth_verdict(growth_of(readings, CALLS, 0.99), RULE, subject="INT8", scope="x")
    assert found.status is Status.INCONCLUSIVE, found.line
    assert "the interval holds 100 KiB after 240 inferences: raise lengths in [benchmarks.growth]" in found.line


def test_no_length_comes_twice_and_passes_differ_by_a_hop() -> None:
    """Whole frames, so that a front end which cuts to them meets as many lengths."""
    met = list(itertools.chain(*PASSES))
    assert len(set(met)) == len(met) == 4 * LENGTHS
    assert {(length - SHORTEST) % HOP for length in met} == {0}
    for earlier, later in itertools.pairwise(PASSES):
        assert {after - before for before, after in zip(earlier, later, strict=True)} == {HOP}


@pytest.mark.parametrize(("earlier", "later"), [(9, 9), (25, 24)], ids=["few", "unpaired"])
def test_readings_that_cannot_be_compared_are_one_line(earlier: int, later: int) -> None:
    """What cannot be judged is said, with the setting that would mend it."""
    with pytest.raises(SuiteError, match=rf"{earlier} and {later} memory readings cannot be compared: .*raise lengths"):
        growth_between([MIB] * earlier, [MIB] * later, LENGTHS, 0.99)
