"""Balance of the load that two interleaved sides saw: blocks that it makes void, and what it may do to a ratio.

A load on both sides alike cancels. A load on one side's calls alone looks like a slow side, and no number of blocks
shows the difference. So each block is judged, and then the sum of all blocks that are left, because a load that is too
small to see in a block may still move the ratio.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wergate.timing.compilations import Block
from wergate.timing.load import Turn, waiting_of

_RELATIVE = 0.5  # under a heavy load on both sides, the loads of a block differ by chance, in proportion
_ENOUGH = 0.5  # share of all blocks that must be clean
_CHANCE = 2.0  # standard errors; the interval of the ratio covers differences by chance, as they widen it too
_THREADS = 2.0  # threads that wait for each other at each layer lose up to twice what their run delay says
_MOST = 0.99
_IDLE_SIDE = 0.01  # largest CPU time of a side without a turn, as a share of the time of the side that has it


@dataclass(frozen=True)
class Balance:
    """Load on the two sides of a ratio.

    Attributes:
        first, second: share of their time that each side's calls waited for a CPU that others had; None if unknown.
        blocks, void: number of blocks, and of those whose sides saw different load.
        shift: factor, 1 or more, by which the difference that is left may have moved the ratio, and not by chance.
        raised: True if it may have raised the ratio, and False if it may have lowered it.
    """

    first: float | None
    second: float | None
    blocks: int
    void: int
    shift: float
    raised: bool

    @property
    def enough(self) -> bool:
        """True if at least half of the blocks are clean."""
        return self.blocks - self.void >= _ENOUGH * self.blocks

    def widened(self, low: float, high: float) -> tuple[float, float]:
        """Return the bounds of a ratio, extended to where it may be without the load.

        A difference in load has moved it by up to `shift`. A load on both sides pulls it towards 1: short calls wait as
        long as long ones, for a turn of the scheduler. If `w` is the smaller share of waiting, the distance from 1 is
        up to 1 / (1 - w) times as large without it.
        """
        low, high = (low / self.shift, high) if self.raised else (low, high * self.shift)
        both = min(_MOST, self.first or 0.0, self.second or 0.0)
        return min(low, 1 / _further(1 / low, both)), max(high, _further(high, both))


def _further(ratio: float, waiting: float) -> float:
    return (ratio - waiting) / (1 - waiting) if ratio > 1 else ratio


def is_void(block: Block, limit: float) -> bool:
    """Return whether the sides of a block saw different load.

    Waiting for a share `w` of its time makes a call 1 / (1 - w) times as slow. A block is void if the logarithms of
    this factor differ by more than `limit`, and by more than half of the larger one. It is also void if the clock went
    back during it, or if the process of a side used CPU time while the other side had its turn.
    """
    if any(turn.idle_side_s > _IDLE_SIDE * turn.own_s for turn in (block.first, block.second)):
        return True
    if min(block.first.wall_s, block.second.wall_s) <= 0:
        return True
    difference, larger = _difference(block), max(_slowdown(block.first) or 0.0, _slowdown(block.second) or 0.0)
    return difference is not None and abs(difference) > max(limit, _RELATIVE * larger)


def _difference(block: Block) -> float | None:
    first, second = _slowdown(block.first), _slowdown(block.second)
    return None if first is None or second is None else first - second


def _slowdown(turn: Turn) -> float | None:
    """Return the logarithm of the factor by which waiting made calls slower."""
    waiting = waiting_of([turn])
    return None if waiting is None else -math.log1p(-min(_MOST, waiting))


def balance(blocks: Sequence[Block], used: Sequence[Block], void: int) -> Balance:
    """Return the balance of all blocks, of which `void` are void; only those that are used shift the ratio."""
    first, second = (waiting_of([getattr(block, side) for block in blocks]) for side in ("first", "second"))
    known = (difference for difference in map(_difference, used) if difference is not None)
    differences = np.fromiter(known, np.float64)
    if len(differences) == 0:
        return Balance(first, second, len(blocks), void, 1.0, raised=False)
    mean = float(differences.mean())
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences)) if len(differences) > 1 else 0.0
    shift = math.exp(_THREADS * max(0.0, abs(mean) - _CHANCE * error))
    return Balance(first, second, len(blocks), void, shift, raised=mean < 0)
