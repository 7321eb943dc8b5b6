"""Memory that an inference leaves behind: resident memory over repeated inferences of one length, after warm-up."""

from __future__ import annotations

import ctypes
import gc
import itertools
import math
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import scipy  # not scipy.stats: that loads when it is used, which takes more than a second

from wergate.errors import SuiteError
from wergate.verdict import Interval, Verdict

_STATUS = Path("/proc/self/status")


def peak_rss_bytes() -> int:
    """Return the most memory that this process held since it started, in bytes.

    Linux keeps the parent's peak in `ru_maxrss` of a process that was started by a larger one; VmHWM is its own.
    """
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


KIB = 1024
_FEWEST_BLOCKS = 8  # a Student interval of fewer blocks is too wide to decide anything
Read = Callable[[], int]


@dataclass(frozen=True)
class GrowthRule:
    """How growth is measured, and how much is too much.

    Attributes:
        max_kib: of resident memory that one inference may leave behind.
        warmup: inferences before the first reading: the runtime prepares for a length, allocators fill their pools.
        blocks, calls: readings of a window, and inferences between two of them.
        windows: how many may follow one another, each twice as long as the one before, while nothing is decided.
        budget_s: no further window begins after that.
        confidence: of the interval, two-sided.
        gate: what the verdict is called.
        more: how to get more evidence.
    """

    max_kib: float
    warmup: int = 30
    blocks: int = 20
    calls: int = 10
    windows: int = 5
    budget_s: float = 30.0
    confidence: float = 0.99
    gate: str = "memory_growth_kib"
    more: str = "raise budget_s or windows in [benchmarks.memory]"

    def __post_init__(self) -> None:
        """Refuse what cannot be measured."""
        if self.blocks < _FEWEST_BLOCKS or self.calls < 1 or self.windows < 2 or self.warmup < 0:  # noqa: PLR2004
            raise SuiteError(
                f"memory growth over {self.blocks} blocks of {self.calls} inferences in {self.windows} windows cannot "
                f"be judged: at least {_FEWEST_BLOCKS} blocks, 1 inference and 2 windows are needed; correct the rule"
            )


@dataclass(frozen=True)
class Growth:
    """What one window of inferences left behind.

    Attributes:
        bytes_per_call: slope, the mean of the blocks' growth over their inferences.
        interval: of the slope, by Student's t over blocks.
        calls: inferences of the window.
        readings: resident bytes before the first block and after each.
    """

    bytes_per_call: float
    interval: Interval
    calls: int
    readings: tuple[int, ...]


def resident_bytes() -> int:
    """Return the memory that would be free again if this process ended, in bytes.

    That is the unique set size: exact where Linux's resident set size is summed up in batches per CPU, and without the
    pages of files that other processes have mapped as well.
    """
    return int(psutil.Process().memory_full_info().uss)


def given_back_bytes() -> int:
    """Return resident memory after what was freed has been given back: Python's garbage and, of glibc, its pools.

    What an allocator keeps for later is no memory that anything has left behind.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    return resident_bytes()


def growth_of(readings: Sequence[int], calls: int, confidence: float) -> Growth:
    """Return the slope of readings that lie the same number of inferences apart.

    Resident memory is a sum of steps, so its readings depend on one another but its increments hardly do; their mean is
    the slope, and their spread tells a leak, which is in every block, from one step of an allocator, which is in one.

    Args:
        readings: resident bytes, at least three.
        calls: inferences between two readings.
        confidence: of the interval, two-sided.

    Raises:
        SuiteError: a reading is not finite, or there are too few.
    """
    if len(readings) < 3 or not all(math.isfinite(reading) for reading in readings):  # noqa: PLR2004
        raise SuiteError(
            f"memory readings {list(readings)[:8]} have no slope: three or more finite numbers of bytes are needed; "
            "see what the process reports in /proc/self/smaps_rollup"
        )
    steps = [(after - before) / calls for before, after in itertools.pairwise(readings)]
    return growth_of_steps(steps, confidence, calls=calls * len(steps), readings=readings)


def growth_of_steps(steps: Sequence[float], confidence: float, *, calls: int, readings: Sequence[int]) -> Growth:
    """Return the mean of slopes that do not depend on one another, in bytes, and Student's interval of it."""
    mean, error = statistics.fmean(steps), statistics.stdev(steps) / math.sqrt(len(steps))
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, len(steps) - 1)) * error
    return Growth(mean, Interval(mean - half, mean + half, confidence), calls, tuple(readings))


def measure_growth(call: Callable[[], object], rule: GrowthRule, read: Read = resident_bytes) -> Growth:
    """Repeat a call until it is plain whether each leaves more than the rule's maximum behind.

    A window that decides nothing is the warm-up of the next one, of twice the length. One that shows growth must be
    borne out by the next: caches fill once, a leak goes on.
    """
    for _ in range(rule.warmup):
        call()
    started, grew = time.perf_counter(), False
    for window in range(rule.windows):
        growth = _window(call, rule, rule.calls * 2**window, read)
        within, beyond = _decided(growth, rule)
        if within or (beyond and grew) or time.perf_counter() - started > rule.budget_s:
            return growth
        grew = beyond
    return growth


def _window(call: Callable[[], object], rule: GrowthRule, calls: int, read: Read) -> Growth:
    return growth_of(list(_readings(call, rule.blocks, calls, read)), calls, rule.confidence)


def _readings(call: Callable[[], object], blocks: int, calls: int, read: Read) -> Iterator[int]:
    gc.collect()
    gc.freeze()  # what was there before needs no visit after each block
    try:
        yield read()
        for _ in range(blocks):
            for _ in range(calls):
                call()
            gc.collect()  # what only waits for the collector is not lost
            yield read()
    finally:
        gc.unfreeze()


def _decided(growth: Growth, rule: GrowthRule) -> tuple[bool, bool]:
    """Return whether the slope is surely within the maximum, and whether it is surely beyond."""
    limit = rule.max_kib * KIB
    return growth.interval.high <= limit, growth.interval.low > limit


def growth_verdict(growth: Growth, rule: GrowthRule, *, subject: str, scope: str) -> Verdict:
    """Gate the slope in KiB per inference: by its whole interval, so INCONCLUSIVE where that holds the maximum.

    Its kind is latency: like a slow model, a leaking one transcribes as well as before and cannot be run as before.
    """
    low, high = (bound / KIB for bound in (growth.interval.low, growth.interval.high))
    within, beyond = _decided(growth, rule)
    undecided = (
        f"the interval holds {rule.max_kib:g} KiB after {growth.calls} inferences: {rule.more}, or stop what "
        "else allocates in this process"
    )
    return Verdict(
        gate=rule.gate,
        subject=subject,
        value=growth.bytes_per_call / KIB,
        relation="<=",
        threshold=rule.max_kib,
        scope=f"{scope}, {growth.calls} inferences",
        remedy="see what is kept of each inference: logits, requests, results; and what the runtime remembers",
        kind="latency",
        interval=Interval(low, high, growth.interval.confidence),
        undecided="" if within or beyond else undecided,
    )
