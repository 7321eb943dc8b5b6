"""Interleaved timing of two sides in one process: the speed-up of the first over the second, with an interval.

Noise of a shared machine hits both sides almost equally if their calls alternate. Blocks of four calls, A B B A or
B A A B at random, cancel a drift, and only times within a block are compared. Blocks whose sides saw different load do
not count. Both sides are compiled several times, and the interval is over compilations. The measurement continues
while the verdict is open, up to a budget.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wergate.errors import SuiteError
from wergate.timing.balance import Balance, balance, is_void
from wergate.timing.calls import Clock, Compile, InterleavedCalls, Side
from wergate.timing.compilations import FEWEST_BLOCKS, Compilation, best_blocks, calibrated_compilations, log_ratio
from wergate.timing.load import ReadLoad
from wergate.timing.looks import confidence_at, looks
from wergate.timing.ratio import block_interval, compilation_interval
from wergate.verdict import Interval

_FEWEST_BLOCKS = 4  # fewer make Student's interval useless
_FEWEST_COMPILATIONS = 3  # fewer make Student's interval useless
_PRIOR = 4.0  # variance of a block over that of a compilation, until both are measured: 2 % and 1 %
_UNKNOWN = Balance(None, None, 0, 0, 1.0, raised=False)


@dataclass(frozen=True)
class PairedRule:
    """Settings of an interleaved timing.

    Attributes:
        budget_s: seconds for a clear verdict or a narrow interval; the first look may take half of it.
        open_budget_factor: an undecided ratio with a wide interval may take this many times `budget_s`.
        open_width_min: upper over lower bound, minus 1, up to which an interval is narrow. The ratio of an undecided
            narrow interval is at the threshold, so more rounds would hardly decide it.
        blocks_min: blocks of four timed calls before the first look at the verdict, if the budget allows.
        compilations_min: compilations of each side before the first look, if the budget allows; at least 3.
        compilations_least: compilations of each side before the first look, whatever the budget; at least 3.
        load_difference_max: largest difference between the sides of a block in what waiting for others cost them, a
            fraction of their time.
        confidence: two-sided confidence of the interval, over all looks at it.
        resamples: number of resamples of the bootstrap over blocks.
        seed: seed of the order of calls and of the resamples.
    """

    budget_s: float = 20.0
    open_budget_factor: float = 4.0
    open_width_min: float = 0.05
    blocks_min: int = 16
    compilations_min: int = 5
    compilations_least: int = _FEWEST_COMPILATIONS
    load_difference_max: float = 0.1
    confidence: float = 0.99
    resamples: int = 10_000
    seed: int = 0


@dataclass(frozen=True)
class Paired:
    """Times of two interleaved sides, with two calls of each per block.

    Attributes:
        first_s, second_s: seconds of each call, in order.
        ratio: speed-up of the first side: the second's median over the first's, after scaling each block to the same
            speed of the machine; over several compilations, the geometric mean of theirs.
        interval: interval of the ratio, wider by what a difference in load may have done.
        elapsed_s: seconds of the whole measurement, including the warm-up.
        compilations: how often each side was compiled for it; 1 if the sides were given.
        compilations_wanted: how often each should have been compiled, if the budget had allowed.
        balance: load on each side.
        missing: sources of load that the system does not report.
        blocks: number of blocks of each compilation.
        void: of each block, whether its sides saw different load, so that it does not count.
        compilation_ratios: ratio of each compilation that counts.
    """

    first_s: tuple[float, ...]
    second_s: tuple[float, ...]
    ratio: float
    interval: Interval
    elapsed_s: float
    compilations: int = 1
    compilations_wanted: int = 1
    balance: Balance = _UNKNOWN
    missing: tuple[str, ...] = ()
    blocks: tuple[int, ...] = ()
    void: tuple[bool, ...] = ()
    compilation_ratios: tuple[float, ...] = ()

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


IsOpen = Callable[[Paired], bool]


def time_pair(
    first: Side,
    second: Side,
    rule: PairedRule,
    is_open: IsOpen,
    clock: Clock = time.perf_counter,
    load: ReadLoad | None = None,
) -> Paired:
    """Time two given sides in interleaved calls after a warm-up, with the garbage collector off.

    The interval covers what varies between blocks. It does not cover what another compilation would change.

    Args:
        first: one side.
        second: the other side.
        is_open: returns whether the verdict needs more rounds; timing ends when it is False or the budget is spent.
        clock: returns the time in seconds.
        load: returns the present counters of the machine; by default the system's, if the clock is the system's too.

    Raises:
        SuiteError: the rule has too few blocks, or a timing is not a finite positive number.
    """
    _require(rule, "blocks_min", _FEWEST_BLOCKS)
    calls = InterleavedCalls(rule.seed, rule.budget_s / 8, clock, load)
    with _collector_off():
        one = calls.compilation(lambda: (first, second))
        least = min(rule.blocks_min, max(_FEWEST_BLOCKS, int(rule.budget_s / 2 / calls.block_s)))

        def grow(wanted: int, budget_s: float) -> None:
            while len(one.blocks) < wanted and (len(one.blocks) < least or calls.elapsed_s < budget_s):
                one.blocks.append(calls.block())

        return _until_decided(grow, least, lambda confidence: _paired(calls, [one], rule, confidence), rule, is_open)


def time_compilations(
    compile_pair: Compile,
    rule: PairedRule,
    is_open: IsOpen,
    clock: Clock = time.perf_counter,
    load: ReadLoad | None = None,
) -> Paired:
    """Time two sides that are compiled again and again; only one pair is in memory at a time.

    The interval is over compilations. The first look takes `compilations_min` of them, or fewer if half of the budget
    has no room for so many, but at least 3. `best_blocks` divides the time between compilations and blocks.

    Args:
        compile_pair: compiles both sides.
        is_open: returns whether the verdict needs more rounds; timing ends when it is False or the budget is spent.
        clock: returns the time in seconds.
        load: returns the present counters of the machine; by default the system's, if the clock is the system's too.

    Raises:
        SuiteError: the rule has too few blocks or compilations, or a timing is not a finite positive number.
    """
    _require(rule, "blocks_min", _FEWEST_BLOCKS)
    _require(rule, "compilations_min", _FEWEST_COMPILATIONS)
    calls = InterleavedCalls(rule.seed, rule.budget_s / 8, clock, load)
    done: list[Compilation] = []

    def compile_next(blocks: int) -> None:
        done[-1].blocks.extend(calls.block() for _ in range(blocks))

    with _collector_off():
        done.append(calls.compilation(compile_pair))
        blocks = _first_blocks(rule, done[0].cost_s, calls.block_s)
        compile_next(blocks)
        once_s = done[0].cost_s + blocks * calls.block_s
        least = min(rule.compilations_min, max(rule.compilations_least, int(rule.budget_s / 2 / once_s)))

        def grow(wanted: int, budget_s: float) -> None:
            count = blocks if len(done) < least else best_blocks(done, calls.block_s)
            while len(done) < wanted and (len(done) < least or calls.elapsed_s < budget_s):
                done.append(calls.compilation(compile_pair))
                compile_next(count)

        return _until_decided(grow, least, lambda confidence: _paired(calls, done, rule, confidence), rule, is_open)


def _require(rule: PairedRule, name: str, least: int) -> None:
    value = getattr(rule, name)
    if value < least:
        raise SuiteError(
            f"{name} = {value} gives no interval of the ratio: at least {least} are needed; "
            "correct it in [benchmarks.paired]"
        )


def _first_blocks(rule: PairedRule, cost_s: float, block_s: float) -> int:
    """Return the number of blocks per compilation until the variances are known."""
    best = max(math.ceil(rule.blocks_min / rule.compilations_min), round(math.sqrt(_PRIOR * cost_s / block_s)))
    fitting = int((rule.budget_s / 2 / rule.compilations_min - cost_s) / block_s)
    return max(FEWEST_BLOCKS, min(best, fitting))


def _until_decided(
    grow: Callable[[int, float], None],
    least: int,
    found_at: Callable[[float], Paired],
    rule: PairedRule,
    is_open: IsOpen,
) -> Paired:
    """Return what is found at the first look that decides, or when the budget is spent.

    Args:
        grow: adds blocks or compilations up to a number, while the given budget lasts.
        least: the number at the first look.
        found_at: returns the ratio, with an interval of the given confidence.
    """
    budget_s = rule.budget_s
    for look, wanted in enumerate(looks(least)):
        grow(wanted, budget_s)
        found = found_at(confidence_at(look, rule.confidence))
        # Four or five blocks of slow calls use up budget_s, and the interval of so few blocks is wide. Stop only if
        # more blocks would not decide the ratio either.
        if found.elapsed_s >= rule.budget_s:
            budget_s = rule.budget_s * rule.open_budget_factor
            narrow = found.interval.high / found.interval.low - 1 <= rule.open_width_min
            if found.elapsed_s >= budget_s or narrow or not found.balance.enough:
                break
        if not is_open(found):
            break
    return found


def _paired(calls: InterleavedCalls, done: list[Compilation], rule: PairedRule, confidence: float) -> Paired:
    """Return the ratio of the clean blocks; of all blocks if there are too few clean ones for an interval."""
    done = calibrated_compilations(done)
    blocks = [block for one in done for block in one.blocks]
    used = [one for one in (_clean(one, rule.load_difference_max) for one in done) if one.blocks]
    void = len(blocks) - sum(len(one.blocks) for one in used)
    if len(used) < min(len(done), _FEWEST_COMPILATIONS) or len(blocks) - void < _FEWEST_BLOCKS:
        used = done
    if len(done) == 1:
        ratio, interval = block_interval(used[0].blocks, confidence, resamples=rule.resamples, seed=rule.seed)
    else:
        ratio, interval = compilation_interval(used, confidence)
    seen = balance(blocks, [block for one in used for block in one.blocks], void)
    low, high = seen.widened(interval.low, interval.high)
    return Paired(
        tuple(time_s for block in blocks for time_s in block.first_s),
        tuple(time_s for block in blocks for time_s in block.second_s),
        ratio,
        Interval(low, high, rule.confidence),
        calls.elapsed_s,
        compilations=len(done),
        compilations_wanted=rule.compilations_min if len(done) > 1 else 1,
        balance=seen,
        missing=calls.missing,
        blocks=tuple(len(one.blocks) for one in done),
        void=tuple(is_void(block, rule.load_difference_max) for block in blocks),
        compilation_ratios=tuple(math.exp(log_ratio(one.blocks)) for one in used),
    )


def _clean(one: Compilation, limit: float) -> Compilation:
    return Compilation(one.cost_s, [block for block in one.blocks if not is_void(block, limit)])


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


def seconds(call: Callable[[], object]) -> float:
    """Return the duration of one call, in seconds."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
