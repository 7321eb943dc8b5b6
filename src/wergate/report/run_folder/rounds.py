"""Rows of `rounds.jsonl.gz`: one timed call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from wergate.evaluation.rows import ResultRow
from wergate.timing.paired import Paired


class RoundRow(ResultRow):
    """One timed call.

    `kind` is "ratio" for interleaved calls and "benchmark" for calls of one recognizer. `name` is the pair, such as
    "int8 over fp16 5 s", or the name of the benchmark; `side` is the recognizer. `compilation` and `block` count from
    0; both are null for a benchmark. `void` says that the block does not count, because its sides saw different load.
    `process` is 0: calls are timed in the process of their test, and no other process is kept.
    """

    kind: Literal["ratio", "benchmark"]
    test: str
    model: str | None = None
    name: str
    side: str
    round: int
    ms: float
    compilation: int | None = None
    block: int | None = None
    void: bool = False
    process: int = 0


def ratio_rounds(paired: Paired, *, test: str, model: str, duration_s: float, fast: str, slow: str) -> list[RoundRow]:
    """Return the calls of both sides, in the order of their blocks.

    Args:
        test: pytest id of the test that timed them.
        duration_s: seconds of speech in a call.
    """
    name = f"{fast} over {slow} {duration_s:g} s"
    sides = ((fast, paired.first_s), (slow, paired.second_s))
    return [
        RoundRow(
            kind="ratio",
            test=test,
            model=model,
            name=name,
            side=side,
            round=2 * block + call,
            ms=_ms(times_s[2 * block + call]),
            compilation=compilation,
            block=block,
            void=paired.void[block],
        )
        for block, compilation in enumerate(_compilations(paired.blocks))
        for side, times_s in sides
        for call in range(2)
    ]


def _compilations(blocks: Sequence[int]) -> Iterator[int]:
    """Yield the number of the compilation of each block."""
    for compilation, count in enumerate(blocks):
        yield from [compilation] * count


def benchmark_rounds(times_s: Sequence[float], *, test: str, model: str | None, name: str) -> list[RoundRow]:
    """Return the calls of a benchmark of one recognizer, in their order."""
    return [
        RoundRow(kind="benchmark", test=test, model=model, name=name, side=name, round=number, ms=_ms(time_s))
        for number, time_s in enumerate(times_s)
    ]


def _ms(time_s: float) -> float:
    return round(1000 * time_s, 4)
