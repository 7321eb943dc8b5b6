"""Memory growth per length, separated from the buffers that the runtime keeps for the last few lengths."""

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
    """A simulated process that keeps buffers for the last three lengths, 10 to 300 MiB, and memory per length."""

    def __init__(self, retained: Callable[[int], float]) -> None:
        self._retained = retained
        self._seen: set[int] = set()
        self._last: list[int] = []
        self._noise = np.random.default_rng(7)

    def infer(self, length: int) -> None:
        self._seen.add(length)
        self._last = [*self._last, length][-3:]

    def read(self) -> int:
        swing = sum(self._last) / HOP * 128 * KIB
        return int(100 * MIB + swing + self._retained(len(self._seen)) + self._noise.normal(0, MIB))


@dataclass(frozen=True)
class Case:
    """A simulated process and its expected verdict.

    Attributes:
        retained: bytes that the process retains after a number of distinct lengths.
    """

    id: str
    retained: Callable[[int], float]
    status: Status


CASES = (
    Case("nothing", lambda _: 0.0, Status.PASS),
    Case("a cache that the first pass fills", lambda seen: 2 * MIB * min(seen, 200), Status.PASS),
    Case("a fifth of the limit", lambda seen: 20 * KIB * seen, Status.PASS),
    Case("twice the limit", lambda seen: 200 * KIB * seen, Status.FAIL),
    Case("an unbounded cache", lambda seen: 12 * MIB * seen, Status.FAIL),
    Case("exactly the limit", lambda seen: 100 * KIB * seen, Status.INCONCLUSIVE),
)


def run(case: Case) -> list[list[int]]:
    process = Process(case.retained)
    return [list(readings_of(lengths, CALLS, process.infer, process.read)) for lengths in PASSES]


def verdict(case: Case) -> tuple[int, Verdict]:
    passes, growth = settled(iter(run(case)), LENGTHS, RULE)
    return len(passes), growth_verdict(growth, RULE, subject="INT8", scope="x")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_growth_is_separated_from_the_last_lengths(case: Case) -> None:
    """The verdict is right although readings vary by more with the last lengths than a whole pass may leave behind."""
    passes, found = verdict(case)
    assert found.status is case.status, found.line
    assert passes == (3 if case.status is Status.PASS else 4)


def test_an_arena_that_is_released_once_costs_a_pass() -> None:
    """Memory of 64 MiB that is released and allocated again during one pass makes a fourth pass necessary."""
    passes, found = verdict(Case("", lambda seen: -64 * MIB * (520 < seen < 600), Status.PASS))
    assert (passes, found.status) == (4, Status.INCONCLUSIVE), found.line
    passes, found = verdict(Case("", lambda seen: -64 * MIB * (270 < seen < 330), Status.PASS))
    assert (passes, found.status) == (4, Status.PASS), found.line


def test_successive_readings_alone_are_inconclusive() -> None:
    """Without a comparison of passes, the variation between neighbouring readings hides the growth."""
    readings = run(CASES[0])[-1]
    found = growth_verdict(growth_of(readings, CALLS, 0.99), RULE, subject="INT8", scope="x")
    assert found.status is Status.INCONCLUSIVE, found.line
    assert "the interval contains 100 KiB after 240 inferences: raise lengths in [benchmarks.growth]" in found.line


def test_no_length_is_repeated_and_passes_differ_by_a_hop() -> None:
    """Lengths are whole frames, so that a frontend that cuts to whole frames sees as many lengths."""
    lengths = list(itertools.chain(*PASSES))
    assert len(set(lengths)) == len(lengths) == 4 * LENGTHS
    assert {(length - SHORTEST) % HOP for length in lengths} == {0}
    for earlier, later in itertools.pairwise(PASSES):
        assert {after - before for before, after in zip(earlier, later, strict=True)} == {HOP}


@pytest.mark.parametrize(("earlier", "later"), [(9, 9), (25, 24)], ids=["few", "unpaired"])
def test_readings_that_cannot_be_compared_are_one_line(earlier: int, later: int) -> None:
    """The error has both numbers of readings and the setting to change."""
    with pytest.raises(SuiteError, match=rf"{earlier} and {later} memory readings cannot be compared: .*raise lengths"):
        growth_between([MIB] * earlier, [MIB] * later, LENGTHS, 0.99)
