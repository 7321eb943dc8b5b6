"""The smallest set of layers that has to be left out for a model to hold."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

Holds = Callable[[tuple[str, ...]], bool]


def smallest_scope(ranked: Sequence[str], holds: Holds) -> tuple[str, ...] | None:
    """Return a set of layers without which a model holds, none of which can be spared; None where no set will do.

    The worst layers are left out together: by bisection, which takes it for granted that leaving out more never does
    harm, the shortest beginning of the ranking is found that holds. Then each of its members is tried to be spared, the
    least harmful first. It tries log2(n) + k sets for k layers out of n.

    Args:
        ranked: layers, the worst first.
        holds: whether the model holds with these layers left out; not asked about a set that it has been asked about.
    """
    if not holds(tuple(ranked)):
        return None
    if holds(()):
        return ()
    count = bisect_left(range(1, len(ranked)), True, key=lambda n: holds(tuple(ranked[:n]))) + 1  # noqa: FBT003
    kept = tuple(ranked[:count])
    for name in reversed(kept):
        fewer = tuple(other for other in kept if other != name)
        if fewer and holds(fewer):
            kept = fewer
    return kept
