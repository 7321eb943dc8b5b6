"""Power of a corpus: the smallest drop that it sees, and the number of units that a tolerance needs.

D. Card et al., "With little power comes great responsibility", EMNLP 2020.
"""

from __future__ import annotations

import math
from typing import Literal

import scipy  # scipy.special loads on first use

from wergate.evaluation.significance.speakers import t_quantile
from wergate.evaluation.significance.utterances import CONFIDENCE, FEWEST_UNITS

POWER = 0.8
Unit = Literal["speaker", "utterance"]
_MOST = 10**9  # a number of speakers that no corpus has


def visible_drop(reach: float, unit: Unit, units: int) -> float:
    """Return the smallest true drop that excludes zero from the interval with a probability of `POWER`.

    It is 2.8 standard errors by utterance, and more by speaker if there are few.

    Args:
        reach: distance from the drop to the upper bound of its interval.
        unit: unit of chance.
        units: number of these units.
    """
    return reach * (1 + _quantile(unit, units, POWER) / _quantile(unit, units))


def needed_units(reach: float, unit: Unit, units: int, tolerance: float, *, power: float = POWER) -> float:
    """Return the number of units like these with which the interval excludes a drop at some distance.

    Args:
        reach: distance from the drop to the bound of its interval.
        unit: unit of chance.
        units: number of these units.
        tolerance: distance to exclude.
        power: probability of doing so; 0.5 if the drop stays the same.
    """
    if not reach:
        return float(units)

    def reached(number: float) -> float:
        quantile = _quantile(unit, number) + _quantile(unit, number, power)
        return reach * math.sqrt(units / number) * quantile / _quantile(unit, units)

    low, high = (float(FEWEST_UNITS) if unit == "speaker" else 0.0), float(_MOST)
    if unit == "utterance":
        return units * (reached(units) / tolerance) ** 2
    if reached(low) <= tolerance:
        return low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) <= tolerance else (middle, high)
    return high


def _quantile(unit: Unit, units: float, share: float = (1 + CONFIDENCE) / 2) -> float:
    return t_quantile(int(units), share) if unit == "speaker" else float(scipy.special.ndtri(share))
