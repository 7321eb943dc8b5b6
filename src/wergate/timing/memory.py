"""Memory growth per inference: resident memory over repeated inferences of one length, after a warm-up."""

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

import scipy  # scipy.stats loads on first use: an import here would take more than a second

from wergate.errors import SuiteError
from wergate.verdict import Interval, Verdict

_STATUS = Path("/proc/self/status")


def peak_rss_bytes() -> int:
    """Return the peak resident memory of this process since its start, in bytes."""
    # On Linux, a child inherits the peak of a larger parent in ru_maxrss.
    # VmHWM covers the process alone.
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


KIB = 1024
_FEWEST_BLOCKS = 8  # Student's interval over fewer blocks is too wide to decide anything
Read = Callable[[], int]


@dataclass(frozen=True)
class GrowthRule:
    """Settings of a growth measurement and its threshold.

    Attributes:
        max_kib: largest growth of resident memory per inference, in KiB.
        warmup: inferences before the first reading, in which the runtime prepares and allocators fill their pools.
        blocks: number of blocks in a window; each ends with a reading.
        calls: inferences per block in the first window.
        windows: largest number of windows; each is twice as long as the one before.
        budget_s: seconds after which no further window starts.
        confidence: two-sided confidence of the interval.
        gate: name of the gate in the verdict.
        more: how to get more evidence, for messages.
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
        """Refuse settings that allow no measurement.

        Raises:
            SuiteError: there are too few blocks, inferences or windows.
        """
        if self.blocks < _FEWEST_BLOCKS or self.calls < 1 or self.windows < 2 or self.warmup < 0:  # noqa: PLR2004
            raise SuiteError(
                f"memory growth over {self.blocks} blocks of {self.calls} inferences in {self.windows} windows cannot "
                f"be judged: at least {_FEWEST_BLOCKS} blocks, 1 inference and 2 windows are needed; change the rule"
            )


@dataclass(frozen=True)
class Growth:
    """Memory growth over one window of inferences.

    Attributes:
        bytes_per_call: slope: mean growth per inference over the blocks, in bytes.
        interval: interval of the slope, by Student's t over blocks.
        calls: number of inferences in the window.
        readings: resident memory before the first block and after each block, in bytes.
    """

    bytes_per_call: float
    interval: Interval
    calls: int
    readings: tuple[int, ...]


def resident_bytes() -> int:
    """Return the unique set size of this process in bytes: the memory that would be free if it ended."""
    # Linux updates the resident set size in batches per CPU, so it is inexact.
    # It also contains file pages that other processes map.
    import psutil

    return int(psutil.Process().memory_full_info().uss)


def given_back_bytes() -> int:
    """Return resident memory in bytes, after a garbage collection and a trim of glibc's pools."""
    # Memory that an allocator keeps for later is not a leak, so return it first.
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    return resident_bytes()


def growth_of(readings: Sequence[int], calls: int, confidence: float) -> Growth:
    """Return the slope of equally spaced readings.

    Resident memory is a sum of steps: its readings depend on each other, but its increments hardly do. The mean of the
    increments is the slope. Their spread separates a leak, which shows in every block, from a single step of an
    allocator, which shows in one.

    Args:
        readings: resident memory in bytes, at least three readings.
        calls: inferences between two readings.
        confidence: two-sided confidence of the interval.

    Raises:
        SuiteError: a reading is not finite, or there are fewer than three.
    """
    if len(readings) < 3 or not all(math.isfinite(reading) for reading in readings):  # noqa: PLR2004
        raise SuiteError(
            f"memory readings {list(readings)[:8]} have no slope: three or more finite numbers of bytes are needed; "
            "check the values in /proc/self/smaps_rollup"
        )
    steps = [(after - before) / calls for before, after in itertools.pairwise(readings)]
    return growth_of_steps(steps, confidence, calls=calls * len(steps), readings=readings)


def growth_of_steps(steps: Sequence[float], confidence: float, *, calls: int, readings: Sequence[int]) -> Growth:
    """Return the mean of independent slopes in bytes per inference, with its interval by Student's t."""
    mean, error = statistics.fmean(steps), statistics.stdev(steps) / math.sqrt(len(steps))
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, len(steps) - 1)) * error
    return Growth(mean, Interval(mean - half, mean + half, confidence), calls, tuple(readings))


def measure_growth(call: Callable[[], object], rule: GrowthRule, read: Read = resident_bytes) -> Growth:
    """Repeat a call until it is decided whether memory grows by more than the rule's maximum per call.

    An undecided window serves as the warm-up of the next one, which is twice as long. If a window shows growth, the
    next one must confirm it: a cache fills once, but a leak continues.

    Args:
        call: runs one inference.
        read: returns the resident memory in bytes.
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
    gc.freeze()  # collections after each block then skip all older objects
    try:
        yield read()
        for _ in range(blocks):
            for _ in range(calls):
                call()
            gc.collect()  # garbage that awaits collection is not a leak
            yield read()
    finally:
        gc.unfreeze()


def _decided(growth: Growth, rule: GrowthRule) -> tuple[bool, bool]:
    """Return whether the whole interval of the slope is within the maximum, and whether all of it is beyond."""
    limit = rule.max_kib * KIB
    return growth.interval.high <= limit, growth.interval.low > limit


def growth_verdict(growth: Growth, rule: GrowthRule, *, subject: str, scope: str) -> Verdict:
    """Gate the growth in KiB per inference by its whole interval; INCONCLUSIVE if that contains the maximum.

    The kind of the verdict is latency: like a slow model, a leaking one gives correct transcripts but is costly to run.
    """
    low, high = (bound / KIB for bound in (growth.interval.low, growth.interval.high))
    within, beyond = _decided(growth, rule)
    undecided = (
        f"the interval contains {rule.max_kib:g} KiB after {growth.calls} inferences: {rule.more}, "
        "or stop other work in this process"
    )
    return Verdict(
        gate=rule.gate,
        subject=subject,
        value=growth.bytes_per_call / KIB,
        relation="<=",
        threshold=rule.max_kib,
        scope=f"{scope}, {growth.calls} inferences",
        remedy="check which objects outlive an inference (logits, requests, results), and what the runtime caches",
        kind="latency",
        interval=Interval(low, high, growth.interval.confidence),
        undecided="" if within or beyond else undecided,
    )
