"""Two sides timed in turns, in one process: how many times as fast the first is, with an interval.

What a shared machine does to one side it does to the other a moment later: blocks of four calls, A B B A or B A A B by
lot, cancel a drift, and only ratios within a block are compared. Rounds are added while the verdict is open, up to a
budget.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import scipy  # not scipy.stats: that loads when it is used, which takes more than a second
from numpy.typing import NDArray

from wergate.errors import SuiteError
from wergate.timing.percentiles import require_times
from wergate.verdict import Interval

Clock = Callable[[], float]
_FEWEST_BLOCKS = 4  # of which Student's t is still some use
_BOOTSTRAPPED = 16  # blocks from which a bootstrap holds what it promises
_GROWTH = 1.5  # blocks of the next look over those of this one: few looks, few chances to be wrong
_SETTLED = 0.02  # a warm-up ends where a call is no faster than the best before it by more than this
_WARMUP_CALLS = (3, 30)
_LEAD_S = 0.2  # calls longer than this do not feel whose data the caches hold


@dataclass(frozen=True)
class PairedRule:
    """How long two sides take turns.

    Attributes:
        budget_s: no further block begins after that; the minimum of blocks may take half of it.
        blocks_min: blocks of four timed calls before the first look, where the budget has room for them.
        confidence: of the interval, two-sided.
        resamples: of the bootstrap over blocks.
        seed: of the order of turns and of the resamples.
    """

    budget_s: float = 20.0
    blocks_min: int = 16
    confidence: float = 0.99
    resamples: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class Side:
    """One of the two: what is called, timed, and what then becomes of its answer, untimed."""

    call: Callable[[], object]
    after: Callable[[object], object] = field(default=lambda _: None)


@dataclass(frozen=True)
class Paired:
    """What two sides took, two calls of each in a block.

    Attributes:
        first_s, second_s: seconds of each call, in the order in which they ran.
        ratio: how many times as fast the first is: the second's median over the first's, each block scaled to the same
            speed of the machine.
        interval: of the ratio.
        elapsed_s: warm-up and all.
    """

    first_s: tuple[float, ...]
    second_s: tuple[float, ...]
    ratio: float
    interval: Interval
    elapsed_s: float

    @property
    def rounds(self) -> int:
        """Timed calls of each side."""
        return len(self.first_s)

    @property
    def first_ms(self) -> float:
        """The first side's median, milliseconds."""
        return 1000 * statistics.median(self.first_s)

    @property
    def second_ms(self) -> float:
        """The second side's median, milliseconds."""
        return 1000 * statistics.median(self.second_s)


def time_pair(
    first: Side,
    second: Side,
    rule: PairedRule,
    is_open: Callable[[Paired], bool],
    clock: Clock = time.perf_counter,
) -> Paired:
    """Time two sides in turns, warmed up, the garbage collector off, until the verdict is no longer open.

    Raises:
        SuiteError: the rule has too few blocks, or a timing is no finite positive number.
    """
    if rule.blocks_min < _FEWEST_BLOCKS:
        raise SuiteError(
            f"blocks_min = {rule.blocks_min} leaves a ratio without an interval: at least {_FEWEST_BLOCKS} are needed; "
            "correct [benchmarks.paired]"
        )
    started = clock()
    with _collector_off():
        turns = _Turns(first, second, rule, clock)
        least = min(rule.blocks_min, max(_FEWEST_BLOCKS, int(rule.budget_s / 2 / turns.block_s)))
        for wanted in _looks(least):
            while turns.blocks < wanted and (turns.blocks < least or clock() - started < rule.budget_s):
                turns.take()
            found = _paired(turns, rule, clock() - started)
            if clock() - started >= rule.budget_s or not is_open(found):
                break
    return found


@contextmanager
def _collector_off() -> Iterator[None]:
    on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _looks(least: int) -> Iterator[int]:
    """Yield after how many blocks the verdict is looked at."""
    wanted = float(least)
    while True:
        yield int(wanted)
        wanted *= _GROWTH


class _Turns:
    """The two sides taking turns, and the times of their calls."""

    def __init__(self, first: Side, second: Side, rule: PairedRule, clock: Clock) -> None:
        self._sides, self._clock = (first, second), clock
        self._lots = np.random.default_rng(rule.seed)
        self.times_s: tuple[list[float], list[float]] = ([], [])
        once = [self._warm_up(side, rule.budget_s / 8) for side in self._sides]
        self._led = max(once) < _LEAD_S
        self.block_s = 2 * sum(once) * (2 if self._led else 1)

    @property
    def blocks(self) -> int:
        return len(self.times_s[0]) // 2

    def _warm_up(self, side: Side, budget_s: float) -> float:
        """Call until calls get no faster, and return the fastest in seconds."""
        fewest, most = _WARMUP_CALLS
        started, best = self._clock(), math.inf
        for call in range(1, most + 1):
            once = self._timed(side)
            settled = once > best * (1 - _SETTLED)
            best = min(best, once)
            if (settled and call >= fewest) or self._clock() - started > budget_s:
                break
        return best

    def take(self) -> None:
        """Run a block: A B B A, or B A A B."""
        outer = int(self._lots.integers(2))
        for which in (outer, 1 - outer, 1 - outer, outer):
            side = self._sides[which]
            if self._led:
                side.after(side.call())  # untimed: its data are then in the caches as they are when nobody else runs
            self.times_s[which].append(self._timed(side))

    def _timed(self, side: Side) -> float:
        started = self._clock()
        answer = side.call()
        once = self._clock() - started
        side.after(answer)
        (checked,) = require_times([once], "a call taken in turns")
        return checked


def _paired(turns: _Turns, rule: PairedRule, elapsed_s: float) -> Paired:
    first_s, second_s = turns.times_s
    ratio, interval = ratio_interval(first_s, second_s, rule)
    return Paired(tuple(first_s), tuple(second_s), ratio, interval, elapsed_s)


def ratio_interval(first_s: list[float], second_s: list[float], rule: PairedRule) -> tuple[float, Interval]:
    """Return the second side's median time over the first's, with its interval.

    Each block's times are divided by the geometric mean of its two sides' faster times, so that a block in which the
    machine was slow as a whole weighs like any other. The interval is a percentile bootstrap over blocks; of less than
    16 blocks, where that would be too narrow, it is Student's t of the blocks' logarithmic ratios.

    Args:
        first_s, second_s: seconds, two of each block in order.
    """
    first, second = (np.asarray(times_s, np.float64).reshape(-1, 2) for times_s in (first_s, second_s))
    scale = np.sqrt(first.min(axis=1) * second.min(axis=1))[:, None]
    first, second = first / scale, second / scale
    ratio = float(np.median(second) / np.median(first))
    if len(first) >= _BOOTSTRAPPED:
        low, high = _bootstrap(first, second, rule)
    else:
        low, high = student_bounds(np.log(second).mean(axis=1) - np.log(first).mean(axis=1), rule.confidence)
    return ratio, Interval(min(low, ratio), max(high, ratio), rule.confidence)


Blocks = NDArray[np.float64]


def _bootstrap(first: Blocks, second: Blocks, rule: PairedRule) -> tuple[float, float]:
    def ratio(drawn: NDArray[np.intp], axis: int) -> Blocks:
        del axis  # scipy's convention: resamples in rows
        rows = np.atleast_2d(drawn)
        medians = [np.median(side[rows].reshape(len(rows), -1), axis=1) for side in (first, second)]
        return np.asarray(medians[1] / medians[0]).reshape(drawn.shape[:-1])

    found = scipy.stats.bootstrap(
        (np.arange(len(first)),),
        ratio,
        n_resamples=rule.resamples,
        batch=200,
        vectorized=True,
        confidence_level=rule.confidence,
        method="percentile",
        rng=np.random.default_rng(rule.seed),
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def student_bounds(logs: Blocks, confidence: float) -> tuple[float, float]:
    """Return the bounds of a ratio by Student's t over the blocks' logarithmic ratios, two or more."""
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, len(logs) - 1) * scipy.stats.sem(logs))
    return math.exp(logs.mean() - half), math.exp(logs.mean() + half)


def seconds(call: Callable[[], object]) -> float:
    """Return how long one call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
