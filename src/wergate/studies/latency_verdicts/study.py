"""Trials of the latency verdict: a build compared with itself, and with itself plus 5 % more work."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wergate.timing.calls import Side
from wergate.timing.paired import PairedRule, seconds, time_pair

SLOWDOWN = 0.05
PLAIN_S = 0.5  # half the default of --benchmark-max-time: about 50 rounds, and 400 trials in half an hour
CALIBRATIONS, CALIBRATION = 5, PairedRule(budget_s=30.0)
Call = Callable[[], object]


@dataclass(frozen=True)
class Trials:
    """The file of trials, one JSON object per line; an interrupted study continues from it."""

    path: Path

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Return the trials of one kind. An incomplete last line is ignored."""
        if not self.path.exists():
            return []
        return [row for row in self._rows() if row["kind"] == kind]

    def _rows(self) -> Iterator[dict[str, Any]]:
        for line in self.path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)

    def add(self, **row: Any) -> dict[str, Any]:
        """Append a trial to the file immediately, and return it."""
        self.path.parent.mkdir(exist_ok=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        return row


@dataclass(frozen=True)
class AddedWork:
    """Real work that is added to an inference.

    Attributes:
        products: number of small matrix products.
    """

    products: int

    def added_to(self, call: Call) -> Call:
        """Return a call that runs the given one and then the work."""
        matrix = np.full((48, 48), 1 / 48, np.float32)

        def both() -> object:
            answer, product = call(), matrix
            for _ in range(self.products):
                product = product @ matrix
            return answer

        return both if self.products else call


def calibrated(call: Call, trials: Trials) -> AddedWork:
    """Return the work that makes a call 5 % slower, calibrated in long paired measurements and stored as a trial."""
    known = trials.of_kind("calibration")
    if known:
        return AddedWork(known[-1]["products"])
    plain_s = statistics.median(seconds(call) for _ in range(50))
    extra_s = seconds(AddedWork(2000).added_to(lambda: None))
    products = round(SLOWDOWN * plain_s / (extra_s / 2000))
    slowdowns = [slowdown(call, AddedWork(products)) for _ in range(CALIBRATIONS)]
    products = round(products * SLOWDOWN / statistics.mean(slowdowns))
    trials.add(kind="calibration", products=products, slowdowns=slowdowns)
    return AddedWork(products)


def slowdown(call: Call, workload: AddedWork) -> float:
    """Return the relative increase in the time of a call with added work, over as many rounds as the budget allows."""
    return 1 / time_pair(Side(workload.added_to(call)), Side(call), CALIBRATION, lambda _: True).ratio - 1


def plain_median(call: Call) -> float:
    """Return the median as pytest-benchmark computes it, in seconds.

    It covers as many calls as fit in half a second, after two warm-up calls.
    """
    for _ in range(2):
        call()
    times_s, end = [seconds(call)], time.perf_counter() + PLAIN_S
    while time.perf_counter() < end:
        times_s.append(seconds(call))
    return statistics.median(times_s)
