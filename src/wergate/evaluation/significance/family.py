"""A family of verdicts: Holm's correction, so that all of them together err as rarely as one alone.

S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
"""

from __future__ import annotations

from collections.abc import Sequence

from wergate.evaluation.significance.utterances import CONFIDENCE

LEVEL = (1 - CONFIDENCE) / 2  # of one verdict: the chance that its bound is on the wrong side
NEAR = 10.0  # a p-value within this factor of the level is near the threshold


def holm(p_values: Sequence[float], level: float = LEVEL) -> list[bool]:
    """Return which hypotheses are rejected if no true one may be rejected with more than a probability of `level`."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    rejected = [False] * len(p_values)
    for rank, number in enumerate(order):
        if p_values[number] > level / (len(p_values) - rank):
            break
        rejected[number] = True
    return rejected


def is_near(p_value: float) -> bool:
    """Return whether a verdict with this p-value is near its threshold."""
    return LEVEL / NEAR <= p_value <= LEVEL * NEAR
