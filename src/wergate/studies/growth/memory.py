"""Memory that lengths leave behind which a model has never met before.

What a runtime keeps of the last few lengths swings by many MiB from reading to reading, with how long they were. So
the same order of lengths is run pass after pass, each pass one hop longer than the one before: no length comes twice,
and readings at the same place of two passes differ by what was left behind, not by what was run last.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from wergate.errors import SuiteError
from wergate.timing.memory import KIB, Growth, GrowthRule, growth_of_steps

PASSES_MIN, PASSES_MAX = (
    3,
    4,
)  # the first one fills what fills up once; the last one is run where the others do not settle it
BATCHES = 5
_MORE = "raise lengths in [benchmarks.growth]"
_Infer = Callable[[int], object]


def passes_over_lengths(shortest: int, hop: int, lengths: int, seed: int = 0) -> list[list[int]]:
    """Return the lengths of each pass, in samples and in the order they are run.

    Args:
        shortest: of all.
        hop: from one length to the next.
        lengths: of one pass.
    """
    order = np.random.default_rng(seed).permutation(lengths)
    return [[shortest + (PASSES_MAX * int(place) + number) * hop for place in order] for number in range(PASSES_MAX)]


def length_rule(max_kib: float, confidence: float) -> GrowthRule:
    """Return the rule of what a length may leave behind."""
    return GrowthRule(max_kib, confidence=confidence, gate="length_growth_kib", more=_MORE)


def settled(passes: Iterable[Sequence[int]], lengths: int, rule: GrowthRule) -> tuple[list[Sequence[int]], Growth]:
    """Take readings pass by pass until two passes tell that what is left behind is within the rule.

    A pass that settles nothing is the warm-up of the next one: an arena comes and goes once, a leak goes on.

    Args:
        passes: resident bytes of each, made when it is asked for.
        lengths: of one pass.

    Returns:
        the readings of all passes that were run, and the growth between the last two.
    """
    kept: list[Sequence[int]] = []
    for readings in passes:
        kept.append(readings)
        if len(kept) >= PASSES_MIN:
            growth = growth_between(kept[-2], kept[-1], lengths, rule.confidence)
            if growth.interval.high <= rule.max_kib * KIB:
                break
    return kept, growth


def readings_of(lengths: Sequence[int], calls: int, infer: _Infer, read: Callable[[], int]) -> Iterator[int]:
    """Run a pass and yield resident bytes after every few calls."""
    for number, length in enumerate(lengths, start=1):
        infer(length)
        if number % calls == 0:
            yield read()


def growth_between(earlier: Sequence[int], later: Sequence[int], lengths: int, confidence: float) -> Growth:
    """Return the slope from one pass to the next, in bytes per length.

    Neighbouring readings depend on one another, so the interval is Student's over a few batches of them.

    Args:
        earlier, later: resident bytes at the same places of two passes.
        lengths: of one pass.
        confidence: of the interval, two-sided.

    Raises:
        SuiteError: readings that do not pair, or too few for the batches.
    """
    if len(earlier) != len(later) or len(earlier) < 2 * BATCHES:
        raise SuiteError(
            f"{len(earlier)} and {len(later)} memory readings cannot be compared: as many in one pass as in the next, "
            f"and at least {2 * BATCHES}, are needed; raise lengths in [benchmarks.growth] or lower calls"
        )
    left = [(after - before) / lengths for before, after in zip(earlier, later, strict=True)]
    batches = [statistics.fmean(batch) for batch in np.array_split(left, BATCHES)]
    return growth_of_steps(batches, confidence, calls=lengths, readings=(*earlier, *later))
