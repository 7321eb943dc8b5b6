"""Blocks of interleaved calls by compilation, and the interval of a ratio over compilations.

Two compilations of one IR differ in speed, because the place of a compiled model in memory matters. Blocks of a single
pair of compilations cannot show that, however many they are. So both sides are compiled again and again.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from wergate.timing.load import Turn, calibrated

Times = NDArray[np.float64]
FEWEST_BLOCKS, MOST_BLOCKS = 2, 64


@dataclass(frozen=True)
class Block:
    """Four interleaved calls.

    Attributes:
        first_s, second_s: seconds of the two timed calls of each side.
        first, second: load on each side's calls.
    """

    first_s: tuple[float, float]
    second_s: tuple[float, float]
    first: Turn
    second: Turn


@dataclass
class Compilation:
    """The blocks of one pair of compilations, and the seconds that it took before the first block."""

    cost_s: float
    blocks: list[Block] = field(default_factory=list)


def calibrated_compilations(compilations: Sequence[Compilation]) -> list[Compilation]:
    """Return the compilations with the load of each side calibrated over all blocks."""
    blocks = [block for one in compilations for block in one.blocks]
    first, second = (calibrated([getattr(block, side) for block in blocks]) for side in ("first", "second"))
    found = (replace(block, first=a, second=b) for block, a, b in zip(blocks, first, second, strict=True))
    return [Compilation(one.cost_s, list(itertools.islice(found, len(one.blocks)))) for one in compilations]


def scaled(blocks: Sequence[Block]) -> tuple[Times, Times]:
    """Return both sides' times, two per block, divided by the geometric mean of the sides' faster ones.

    A block on a slow machine then has the same weight as any other.
    """
    first = np.array([block.first_s for block in blocks], np.float64)
    second = np.array([block.second_s for block in blocks], np.float64)
    scale = np.sqrt(first.min(axis=1) * second.min(axis=1))[:, None]
    return first / scale, second / scale


def log_ratio(blocks: Sequence[Block]) -> float:
    """Return the logarithm of the second side's median time over the first's."""
    first, second = scaled(blocks)
    return math.log(float(np.median(second) / np.median(first)))


def best_blocks(compilations: Sequence[Compilation], block_s: float) -> int:
    """Return the number of blocks per compilation that gives the narrowest interval in a given time.

    With the cost `C` of a compilation and its warm-up, the cost `c` of a block, the variance `S` between compilations
    and the variance `s` of a block within one, all of the logarithmic ratio, it is `sqrt(C / c * s / S)` (Kalibera and
    Jones, "Rigorous benchmarking in reasonable time", ISMM 2013, section 6). `S` is the variance of the compilations'
    ratios without the part that blocks contribute; it may come out as 0, and then most time goes to blocks.

    Args:
        compilations: at least two, with at least two blocks each.
        block_s: seconds of a block.
    """
    per_block = [
        np.log([math.prod(block.second_s) / math.prod(block.first_s) for block in one.blocks]) / 2
        for one in compilations
    ]
    within = float(np.mean([np.var(logs, ddof=1) for logs in per_block]))
    sizes = float(np.mean([len(logs) for logs in per_block]))
    between = float(np.var([logs.mean() for logs in per_block], ddof=1)) - within / sizes
    cost_s = float(np.median([one.cost_s for one in compilations]))
    if between <= 0 or block_s <= 0:
        return MOST_BLOCKS
    return int(min(MOST_BLOCKS, max(FEWEST_BLOCKS, round(math.sqrt(cost_s / block_s * within / between)))))
