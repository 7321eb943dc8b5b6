"""Faults of method, on a simulated machine: what disturbs a measurement, and how many verdicts it makes wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from wergate.errors import SuiteError
from wergate.studies.latency_verdicts.simulation import SimulatedMachine
from wergate.timing.calls import Side
from wergate.timing.gates import is_open, speedup_verdict
from wergate.timing.paired import PairedRule, time_compilations
from wergate.verdict import Status

COST_S = 0.006
_STEP_S = 3.0
REFUSED = "refused"


@dataclass(frozen=True)
class Method:
    """A disturbance.

    Attributes:
        name: in words, for the table.
        disturb: the machine's properties, from the number of the run.
        times: by how many the number of runs is multiplied.
    """

    name: str
    disturb: Callable[[int], dict[str, Any]]
    times: int = 1


def _on(side: str, share: float) -> dict[str, Any]:
    return {"load": lambda called, _: share if called == side else 0.0}


def _mostly(number: int) -> dict[str, Any]:
    """Return a load of 40 % during three of four seconds, on one side."""
    side = ("first", "second")[number % 2]
    return {"load": lambda called, now_s: 0.4 if called == side and now_s % 4 < 3 else 0.0}  # noqa: PLR2004 - seconds


def _stepped(now_s: float) -> float:
    return 1.0 if now_s < _STEP_S else 1 / 0.7


def _humps(now_s: float) -> float:
    return 1.2 if math.sin(7 * now_s) > 0 else 1.0


METHODS = (
    Method("none", lambda _: {}, times=10),
    Method("drift: 50 % slower in a minute", lambda _: {"slowness": lambda now_s: 1 + now_s / 120}),
    Method("a neighbour takes 50 %, every other second", lambda _: {"load": lambda _, now_s: 0.5 * (int(now_s) % 2)}),
    Method("a neighbour takes 50 %, always", lambda _: {"load": lambda *_: 0.5}),
    Method("the clock frequency drops by 30 % after 3 s", lambda _: {"slowness": _stepped}),
    Method("two humps: 20 % slower for half a second, again and again", lambda _: {"slowness": _humps}),
    Method("the clock is set back by 1 s", lambda n: {"set_back_s": lambda now_s: float(now_s > 2 + n % 40 / 10)}),
    Method("a load of 40 % on the first side", lambda _: _on("first", 0.4)),
    Method("a load of 40 % on the second side", lambda _: _on("second", 0.4)),
    Method("a load of 8 % on the first side", lambda _: _on("first", 0.08)),
    Method("a load of 8 % on the second side", lambda _: _on("second", 0.08)),
    Method("a load of 40 % on one side, three quarters of the time", _mostly),
)


@dataclass
class Outcome:
    """Verdicts under one disturbance, by the slowdown in percent that was there."""

    statuses: dict[int, Counter[str]] = field(default_factory=dict)

    @property
    def wrong(self) -> int:
        """Equal builds that fail, and slower ones that pass."""
        return sum(counts[Status.PASS if slower else Status.FAIL] for slower, counts in self.statuses.items())

    @property
    def runs(self) -> int:
        """Number of all verdicts."""
        return sum(counts.total() for counts in self.statuses.values())


def verdict_on(machine: SimulatedMachine, slower: float, minimum: float, rule: PairedRule) -> tuple[str, float]:
    """Return the verdict on a build that is slower by a fraction, and the seconds of its measurement."""
    started = machine.now_s

    def compile_pair() -> tuple[Side, Side]:
        return machine.compile(COST_S * (1 + slower), COST_S)

    try:
        found = time_compilations(compile_pair, rule, is_open(minimum), machine.clock, machine.reading)
    except SuiteError:
        return REFUSED, machine.now_s - started
    verdict = speedup_verdict(found, minimum, fast="today", slow="baseline", scope="simulated")
    return verdict.status, machine.now_s - started


def outcome_of(method: Method, runs: int, minimum: float, rule: PairedRule) -> Outcome:
    """Return the verdicts of as many runs for each of an equal build and one that is 5 % slower."""
    outcome = Outcome()
    for slower in (0, 5):
        statuses = (
            verdict_on(SimulatedMachine(seed=number, **method.disturb(number)), slower / 100, minimum, rule)[0]
            for number in range(runs)
        )
        outcome.statuses[slower] = Counter(map(str, statuses))
    return outcome


def rows(runs: int, minimum: float, rule: PairedRule) -> Iterator[dict[str, Any]]:
    """Yield a line for the file of trials for each disturbance."""
    for method in METHODS:
        outcome = outcome_of(method, runs * method.times, minimum, rule)
        yield {
            "kind": "simulated",
            "name": method.name,
            "runs": outcome.runs,
            "wrong": outcome.wrong,
            "statuses": {str(slower): dict(counts) for slower, counts in outcome.statuses.items()},
        }
