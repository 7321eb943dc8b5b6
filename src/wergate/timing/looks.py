"""Repeated looks at a verdict: how much of the error each may spend, so that all of them together err as stated.

A measurement ends at the first look that decides. Six looks at 99 % each would err in up to 6 %, not 1 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

_GROWTH = 1.5  # growth of the sample between two looks: few looks leave few chances of a false verdict
LOOKS = 6  # the last one has 7.6 times as many samples as the first


def looks(first: int) -> Iterator[int]:
    """Yield the sizes of the sample at which to look, from the first one without end."""
    wanted = float(first)
    while True:
        yield int(wanted)
        wanted = max(wanted * _GROWTH, wanted + 1)


def confidence_at(look: int, confidence: float) -> float:
    """Return the confidence level of the interval at one look, such that all looks together have `confidence`.

    The error 1 - confidence is spent as Lan and DeMets (Biometrika 70, 1983) spend it for bounds of Pocock's type: up
    to the share t of all looks, log(1 + (e - 1) t) of it. A look's own interval errs with what is newly spent there. By
    Bonferroni's inequality, the looks together then err with at most the whole, whatever the samples have in common.
    Most verdicts of a gate are clear, and bounds of O'Brien and Fleming's type spend almost nothing at the first look.

    Args:
        look: number of the look, from 0. From the seventh look on, each one spends what the sixth did, halved again
            and again, from a reserve of a tenth.
    """
    error = 1 - confidence
    if look < LOOKS:
        return 1 - 0.9 * error * (_spent(look + 1) - _spent(look))
    return 1 - 0.1 * error / 2.0 ** (look - LOOKS + 1)


def _spent(look: int) -> float:
    return float(math.log1p((math.e - 1) * look / LOOKS))
