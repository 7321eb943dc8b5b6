"""Trials of the latency verdict: a build compared with itself, and with itself plus a known slowdown."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wergate.disk.lines import LineFile

Call = Callable[[], object]


@dataclass(frozen=True)
class Kind:
    """A kind of trial.

    Attributes:
        name: as in the file of trials.
        slowdown: by how much the first build is slower, a fraction.
        minimum: threshold of the ratio.
        budget_s: seconds for one verdict.
        per_cycle: number of trials of this kind in each cycle.
    """

    name: str
    slowdown: float
    minimum: float
    budget_s: float
    per_cycle: int


def kinds(minimum: float) -> tuple[Kind, ...]:
    """Return the kinds of trials; slowdowns that the suite's own `minimum` is not made for get one midway."""
    return (
        Kind("same", 0.0, minimum, 30, 8),
        Kind("2 %", 0.02, 0.99, 120, 1),
        Kind("3 %", 0.03, 0.985, 60, 1),
        Kind("5 %", 0.05, minimum, 30, 1),
        Kind("10 %", 0.1, minimum, 30, 1),
    )


@dataclass(frozen=True)
class Trials:
    """The file of trials, one JSON object per line; later runs add to it."""

    path: Path

    @cached_property
    def _file(self) -> LineFile:
        return LineFile(self.path)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield all trials. An incomplete last line is ignored."""
        for line in self._file.lines():
            yield json.loads(line)

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Return the trials of one kind."""
        return [row for row in self.rows() if row["kind"] == kind]

    def add(self, **row: Any) -> dict[str, Any]:
        """Append a trial to the file immediately, and return it."""
        self.path.parent.mkdir(exist_ok=True)
        self._file.append(json.dumps(row).encode() + b"\n")
        self._file.sync()
        return row


def slower(call: Call, share: float) -> Call:
    """Return a call that runs the given one, and then is busy for a share of the time that this very call took.

    A fixed amount of work would be another share as soon as other programs slow the call down.
    """

    def both() -> object:
        started = time.perf_counter()
        answer = call()
        ended = time.perf_counter()
        while time.perf_counter() - ended < share * (ended - started):
            pass
        return answer

    return both if share else call
