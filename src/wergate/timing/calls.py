"""Interleaved calls of two sides, with their times and the load that each side saw."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from wergate.timing.compilations import Block, Compilation
from wergate.timing.load import Reading, ReadLoad, SystemLoad, Turn, turn_between
from wergate.timing.percentiles import require_times

Clock = Callable[[], float]
_SETTLED = 0.02  # a warm-up ends when a call beats the best one by no more than this fraction
_WARMUP_CALLS = (3, 30)
_LEAD_S = 0.2  # longer calls do not depend on which side's data the caches hold
_REMEDY = "the timer's own clock went back or stood still: check the clock source of this machine, and run again"


@dataclass(frozen=True)
class Side:
    """One of the two sides.

    Attributes:
        call: the call to time.
        after: receives the result of each call, outside the timed part.
        ready: called before each turn, outside of its load and of its time.
        seconds: returns the seconds that a result states, if the side has its own clock; by default they are measured.
    """

    call: Callable[[], object]
    after: Callable[[object], object] = field(default=lambda _: None)
    ready: Callable[[], object] = field(default=lambda: None)
    seconds: Callable[[object], float] | None = None


Compile = Callable[[], tuple[Side, Side]]


class InterleavedCalls:
    """Runs the calls of two sides alternately.

    Attributes:
        block_s: seconds of a block, after the last warm-up.
        missing: sources of load that the system does not report.
    """

    def __init__(self, seed: int, warmup_s: float, clock: Clock, load: ReadLoad | None) -> None:
        """Take the clock, and the load to read.

        Args:
            seed: seed of the order of calls.
            warmup_s: longest warm-up of a side, in seconds.
            clock: returns the time in seconds.
            load: returns the present counters; by default the system's, or unknown ones if the clock is simulated.
        """
        self._generator = np.random.default_rng(seed)
        self._warmup_s = warmup_s
        self._clock = clock
        if load is None:
            load = SystemLoad() if clock is time.perf_counter else _unknown
        self._load: ReadLoad = load
        self._sides: tuple[Side, Side] | None = None
        self._led = False
        self._started = clock()
        self.block_s = math.nan
        self.missing: tuple[str, ...] = getattr(load, "missing", ())

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    def compilation(self, compile_pair: Compile) -> Compilation:
        """Compile both sides, and call each until it gets no faster."""
        self._sides = None  # frees the memory of the previous pair before the next one needs it
        started = self._clock()
        self._sides = compile_pair()
        once = [self._warm_up(side) for side in self._sides]
        self._led = max(once) < _LEAD_S
        self.block_s = 2 * sum(once) * (2 if self._led else 1)
        return Compilation(self._clock() - started)

    def _warm_up(self, side: Side) -> float:
        """Call one side until it gets no faster, and return its fastest time in seconds."""
        fewest, most = _WARMUP_CALLS
        started, best = self._clock(), math.inf
        for call in range(1, most + 1):
            once = self._timed(side)
            settled = once > best * (1 - _SETTLED)
            best = min(best, once)
            if (settled and call >= fewest) or self._clock() - started > self._warmup_s:
                break
        return best

    def block(self) -> Block:
        """Run a block of calls, A B B A or B A A B at random, and return it."""
        assert self._sides is not None
        outer = int(self._generator.integers(2))
        times_s: tuple[list[float], list[float]] = ([], [])
        turns: tuple[list[Turn], list[Turn]] = ([], [])
        for which in (outer, 1 - outer, 1 - outer, outer):
            side = self._sides[which]
            side.ready()
            before, started = self._load(), self._clock()
            if self._led:
                # An untimed call first brings the side's own data into the caches,
                # as if the other side did not run.
                side.after(side.call())
            times_s[which].append(self._timed(side))
            after = self._load()
            turn = turn_between(before, after, self._clock() - started)
            turns[which].append(replace(turn, idle_side_s=_other_side(before, after, which)))
        (a, b), (c, d) = times_s
        return Block((a, b), (c, d), *(_both(*found) for found in turns))

    def _timed(self, side: Side) -> float:
        started = self._clock()
        answer = side.call()
        once = self._clock() - started if side.seconds is None else side.seconds(answer)
        side.after(answer)
        (checked,) = require_times([once], "an interleaved call", _REMEDY)
        return checked


def _other_side(before: Reading, after: Reading, which: int) -> float:
    """Return the CPU time of the side that has no turn; 0 if both sides are in one process."""
    if before.sides_s is None or after.sides_s is None:
        return 0.0
    return after.sides_s[1 - which] - before.sides_s[1 - which]


def _unknown() -> Reading:
    return Reading(own_s=0.0)


def _both(one: Turn, other: Turn) -> Turn:
    lost = None if one.lost_s is None or other.lost_s is None else one.lost_s + other.lost_s
    clocks = [turn.clock_mhz for turn in (one, other) if turn.clock_mhz is not None]
    backwards = min(one.wall_s, other.wall_s) <= 0
    wall_s = 0.0 if backwards else one.wall_s + other.wall_s
    taken = None if one.taken_s is None or other.taken_s is None else one.taken_s + other.taken_s
    clock, idle_s = sum(clocks) / len(clocks) if clocks else None, one.idle_side_s + other.idle_side_s
    return Turn(wall_s, lost, one.own_s + other.own_s, clock, taken, idle_s)
