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
from wergate.timing.load import Turn

_RELATIVE = 0.5  # under a heavy load on both sides, the loads of a block differ by chance, in proportion
_ENOUGH = 0.5  # share of all blocks that must be clean
_CHANCE = 2.0  # standard errors; the interval of the ratio covers differences by chance, as they widen it too
_MOST = 0.99


@dataclass(frozen=True)
class Balance:
    """Load on the two sides of a ratio.

    Attributes:
        first, second: CPU time that each side's calls lost to others, in CPUs; None if the system does not report it.
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
        """Return the bounds of a ratio, extended to where it would be without the difference in load."""
        return (low / self.shift, high) if self.raised else (low, high * self.shift)


def is_void(block: Block, limit: float) -> bool:
    """Return whether the sides of a block saw different load.

    They did if the CPU time that they lost to others differs by more than `limit` CPUs and by more than half of the
    larger one. A block is also void if the clock went back during it.
    """
    if min(block.first.wall_s, block.second.wall_s) <= 0:
        return True
    first, second = _lost(block.first), _lost(block.second)
    if first is None or second is None:
        return False
    return abs(first - second) > max(limit, _RELATIVE * max(first, second))


def _lost(turn: Turn) -> float | None:
    return None if turn.lost_s is None or turn.wall_s <= 0 else turn.lost_s / turn.wall_s


def balance(blocks: Sequence[Block], used: Sequence[Block], void: int) -> Balance:
    """Return the balance of all blocks, of which `void` are void; only those that are used shift the ratio.

    A call that waits for a CPU during a share `w` of its time takes 1 / (1 - w) times as long. That bounds what a load
    can do: with two threads on two cores, one busy core takes away half of each or all of none.
    """
    first, second = (_mean([getattr(block, side) for block in blocks]) for side in ("first", "second"))
    left = [(_lost(block.first), _lost(block.second)) for block in used]
    differences = np.array([a - b for a, b in left if a is not None and b is not None], np.float64)
    if len(differences) == 0:
        return Balance(first, second, len(blocks), void, 1.0, raised=False)
    mean = float(differences.mean())
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences)) if len(differences) > 1 else 0.0
    beyond_chance = max(0.0, abs(mean) - _CHANCE * error)
    return Balance(first, second, len(blocks), void, 1 / (1 - min(_MOST, beyond_chance)), raised=mean < 0)


def _mean(turns: Sequence[Turn]) -> float | None:
    known = [turn for turn in turns if turn.lost_s is not None and turn.wall_s > 0]
    return sum(turn.lost_s or 0.0 for turn in known) / sum(turn.wall_s for turn in known) if known else None
