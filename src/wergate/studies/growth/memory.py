"""Memory growth per previously unseen input length.

A runtime keeps buffers for the last few lengths. Their size varies by many MiB from reading to reading, with the
lengths themselves. Each pass therefore runs the lengths in the same order, each one hop longer than in the previous
pass. No length is repeated, and readings at the same position of two passes differ by the memory that was left
behind, not by the lengths that were run last.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from wergate.errors import SuiteError
from wergate.timing.memory import KIB, Growth, GrowthRule, growth_of_steps

# the first pass fills caches that fill up only once; the fourth runs only if the first three are inconclusive
PASSES_MIN, PASSES_MAX = 3, 4
BATCHES = 5
_MORE = "raise lengths in [benchmarks.growth]"
_Infer = Callable[[int], object]


def passes_over_lengths(shortest: int, hop: int, lengths: int, seed: int = 0) -> list[list[int]]:
    """Return the input lengths of each pass, in samples and in the order of the runs.

    Args:
        shortest: the shortest length, in samples.
        hop: difference between neighbouring lengths, in samples.
        lengths: number of lengths per pass.
        seed: of the order.
    """
    order = np.random.default_rng(seed).permutation(lengths)
    return [[shortest + (PASSES_MAX * int(place) + number) * hop for place in order] for number in range(PASSES_MAX)]


def length_rule(max_kib: float, confidence: float) -> GrowthRule:
    """Return the rule for the memory that each length may leave behind, at most `max_kib`."""
    return GrowthRule(max_kib, confidence=confidence, gate="length_growth_kib", more=_MORE)


def settled(passes: Iterable[Sequence[int]], lengths: int, rule: GrowthRule) -> tuple[list[Sequence[int]], Growth]:
    """Take readings pass by pass until two consecutive passes show that the growth is within the rule.

    An inconclusive pass serves as the warm-up of the next one: an allocator's arena appears once, a leak continues.

    Args:
        passes: resident bytes of each pass, measured lazily.
        lengths: number of lengths per pass.
        rule: the growth that is accepted.

    Returns:
        The readings of all passes that were run, and the growth between the last two.
    """
    measured: list[Sequence[int]] = []
    for readings in passes:
        measured.append(readings)
        if len(measured) >= PASSES_MIN:
            growth = growth_between(measured[-2], measured[-1], lengths, rule.confidence)
            if growth.interval.high <= rule.max_kib * KIB:
                break
    return measured, growth


def readings_of(lengths: Sequence[int], calls: int, infer: _Infer, read: Callable[[], int]) -> Iterator[int]:
    """Run a pass and yield the result of `read`, resident bytes, after every `calls` inferences."""
    for number, length in enumerate(lengths, start=1):
        infer(length)
        if number % calls == 0:
            yield read()


def growth_between(earlier: Sequence[int], later: Sequence[int], lengths: int, confidence: float) -> Growth:
    """Return the growth from one pass to the next, in bytes per length.

    Neighbouring readings are correlated, so the interval is Student's t over the means of a few batches.

    Args:
        earlier, later: resident bytes at the same positions of two passes.
        lengths: number of lengths per pass.
        confidence: of the interval, two-sided.

    Raises:
        SuiteError: the passes have different numbers of readings, or too few for the batches.
    """
    if len(earlier) != len(later) or len(earlier) < 2 * BATCHES:
        raise SuiteError(
            f"{len(earlier)} and {len(later)} memory readings cannot be compared: both passes need the same number, at "
            f"least {2 * BATCHES}; raise lengths in [benchmarks.growth], or lower calls"
        )
    left = [(after - before) / lengths for before, after in zip(earlier, later, strict=True)]
    batches = [statistics.fmean(batch) for batch in np.array_split(left, BATCHES)]
    return growth_of_steps(batches, confidence, calls=lengths, readings=(*earlier, *later))
