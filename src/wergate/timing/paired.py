"""Interleaved timing of two sides in one process: the speed-up of the first over the second, with an interval.

Noise of a shared machine hits both sides almost equally if their calls alternate. Blocks of four calls, A B B A or
B A A B at random, cancel a drift, and only times within a block are compared. Rounds are added while the verdict is
open, up to a budget.
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
import scipy  # scipy.stats loads on first use: an import here would take more than a second
from numpy.typing import NDArray

from wergate.errors import SuiteError
from wergate.timing.percentiles import require_times
from wergate.verdict import Interval

Clock = Callable[[], float]
_FEWEST_BLOCKS = 4  # fewer make Student's interval useless
_BOOTSTRAPPED = 16  # number of blocks from which a bootstrap interval has its stated coverage
_GROWTH = 1.5  # growth in blocks between two looks: few looks leave few chances of a false verdict
_SETTLED = 0.02  # a warm-up ends when a call beats the best one by no more than this fraction
_WARMUP_CALLS = (3, 30)
_LEAD_S = 0.2  # longer calls do not depend on which side's data the caches hold


@dataclass(frozen=True)
class PairedRule:
    """Settings of an interleaved timing.

    Attributes:
        budget_s: seconds for a clear verdict or a narrow interval; `blocks_min` may take half of it.
        open_budget_factor: an undecided ratio with a wide interval may take this many times `budget_s`.
        open_width_min: upper over lower bound, minus 1, up to which an interval is narrow. The ratio of an undecided
            narrow interval is at the threshold, so more rounds would hardly decide it.
        blocks_min: blocks of four timed calls before the first look at the verdict, if the budget allows.
        confidence: two-sided confidence of the interval.
        resamples: number of resamples of the bootstrap over blocks.
        seed: seed of the order of calls and of the resamples.
    """

    budget_s: float = 20.0
    open_budget_factor: float = 4.0
    open_width_min: float = 0.05
    blocks_min: int = 16
    confidence: float = 0.99
    resamples: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class Side:
    """One of the two sides.

    Attributes:
        call: the call to time.
        after: receives the result of each call, outside the timed part.
    """

    call: Callable[[], object]
    after: Callable[[object], object] = field(default=lambda _: None)


@dataclass(frozen=True)
class Paired:
    """Times of two interleaved sides, with two calls of each per block.

    Attributes:
        first_s, second_s: seconds of each call, in order.
        ratio: speed-up of the first side: the second's median over the first's, after scaling each block to the same
            speed of the machine.
        interval: interval of the ratio.
        elapsed_s: seconds of the whole measurement, including the warm-up.
    """

    first_s: tuple[float, ...]
    second_s: tuple[float, ...]
    ratio: float
    interval: Interval
    elapsed_s: float

    @property
    def rounds(self) -> int:
        """Number of timed calls of each side."""
        return len(self.first_s)

    @property
    def first_ms(self) -> float:
        """Median time of the first side, in milliseconds."""
        return 1000 * statistics.median(self.first_s)

    @property
    def second_ms(self) -> float:
        """Median time of the second side, in milliseconds."""
        return 1000 * statistics.median(self.second_s)


def time_pair(
    first: Side,
    second: Side,
    rule: PairedRule,
    is_open: Callable[[Paired], bool],
    clock: Clock = time.perf_counter,
) -> Paired:
    """Time two sides in interleaved calls after a warm-up, with the garbage collector off.

    Args:
        first, second: the two sides.
        is_open: returns whether the verdict needs more rounds; timing ends when it is False or the budget is spent.
        clock: returns the time in seconds.

    Raises:
        SuiteError: the rule has too few blocks, or a timing is not a finite positive number.
    """
    if rule.blocks_min < _FEWEST_BLOCKS:
        raise SuiteError(
            f"blocks_min = {rule.blocks_min} gives no interval of the ratio: at least {_FEWEST_BLOCKS} are needed; "
            "correct it in [benchmarks.paired]"
        )
    started = clock()
    with _collector_off():
        calls = _InterleavedCalls(first, second, rule, clock)
        budget_s = rule.budget_s
        least = min(rule.blocks_min, max(_FEWEST_BLOCKS, int(rule.budget_s / 2 / calls.block_s)))
        for wanted in _looks(least):
            while calls.blocks < wanted and (calls.blocks < least or clock() - started < budget_s):
                calls.run_block()
            found = _paired(calls, rule, clock() - started)
            # Four or five blocks of slow calls use up budget_s, and the interval of so few blocks is wide. Stop only
            # if more blocks would not decide the ratio either.
            if found.elapsed_s >= rule.budget_s:
                budget_s = rule.budget_s * rule.open_budget_factor
                if found.elapsed_s >= budget_s or _width(found.interval) <= rule.open_width_min:
                    break
            if not is_open(found):
                break
    return found


def _width(interval: Interval) -> float:
    return interval.high / interval.low - 1


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
    """Yield the numbers of blocks after which to look at the verdict."""
    wanted = float(least)
    while True:
        yield int(wanted)
        wanted *= _GROWTH


class _InterleavedCalls:
    """Runs the calls of two sides alternately, and records their times."""

    def __init__(self, first: Side, second: Side, rule: PairedRule, clock: Clock) -> None:
        self._sides, self._clock = (first, second), clock
        self._generator = np.random.default_rng(rule.seed)
        self.times_s: tuple[list[float], list[float]] = ([], [])
        once = [self._warm_up(side, rule.budget_s / 8) for side in self._sides]
        self._led = max(once) < _LEAD_S
        self.block_s = 2 * sum(once) * (2 if self._led else 1)

    @property
    def blocks(self) -> int:
        return len(self.times_s[0]) // 2

    def _warm_up(self, side: Side, budget_s: float) -> float:
        """Call one side until it gets no faster, and return its fastest time in seconds."""
        fewest, most = _WARMUP_CALLS
        started, best = self._clock(), math.inf
        for call in range(1, most + 1):
            once = self._timed(side)
            settled = once > best * (1 - _SETTLED)
            best = min(best, once)
            if (settled and call >= fewest) or self._clock() - started > budget_s:
                break
        return best

    def run_block(self) -> None:
        """Run a block of calls: A B B A or B A A B, at random."""
        outer = int(self._generator.integers(2))
        for which in (outer, 1 - outer, 1 - outer, outer):
            side = self._sides[which]
            if self._led:
                # An untimed call first brings the side's own data into the caches,
                # as if the other side did not run.
                side.after(side.call())
            self.times_s[which].append(self._timed(side))

    def _timed(self, side: Side) -> float:
        started = self._clock()
        answer = side.call()
        once = self._clock() - started
        side.after(answer)
        (checked,) = require_times([once], "an interleaved call")
        return checked


def _paired(calls: _InterleavedCalls, rule: PairedRule, elapsed_s: float) -> Paired:
    first_s, second_s = calls.times_s
    ratio, interval = ratio_interval(first_s, second_s, rule)
    return Paired(tuple(first_s), tuple(second_s), ratio, interval, elapsed_s)


def ratio_interval(first_s: list[float], second_s: list[float], rule: PairedRule) -> tuple[float, Interval]:
    """Return the median time of the second side over that of the first, with its interval.

    The times of each block are divided by the geometric mean of its two sides' faster times, so that a block on a slow
    machine has the same weight as any other. The interval is a percentile bootstrap over blocks. With fewer than 16
    blocks a bootstrap would be too narrow, so the interval is Student's t of the blocks' logarithmic ratios.

    Args:
        first_s, second_s: seconds of both sides, two per block, in order.
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
        del axis  # scipy passes resamples in rows
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
    """Return the bounds of a ratio, by Student's t over at least two logarithmic ratios of blocks."""
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, len(logs) - 1) * scipy.stats.sem(logs))
    return math.exp(logs.mean() - half), math.exp(logs.mean() + half)


def seconds(call: Callable[[], object]) -> float:
    """Return the duration of one call, in seconds."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
