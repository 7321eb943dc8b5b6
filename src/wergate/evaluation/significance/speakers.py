"""The interval by speaker: utterances of one speaker move together, so the speaker is the unit of chance.

The standard error is the jackknife over speakers, which suits few speakers and unequal ones better than the sum of
squared influences: J. MacKinnon, M. Nielsen and M. Webb, "Fast and reliable jackknife and bootstrap methods for
cluster-robust inference", Journal of Applied Econometrics 38 (2023). The quantiles are Student's t with one degree of
freedom less than there are speakers.

All functions take arrays whose last axis holds the units; further axes hold independent corpora.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wergate.evaluation.significance.utterances import CONFIDENCE

BOOTSTRAP_SPEAKERS = 100  # with fewer, percentiles of drawn speakers are too narrow: docs/evidence.md
Counts = NDArray[np.float64]


def sums_by_speaker(values: Sequence[int], speakers: Sequence[str]) -> list[int]:
    """Return the sum of an utterance's values over each speaker, in the order in which speakers first occur."""
    sums: dict[str, int] = {}
    for value, speaker in zip(values, speakers, strict=True):
        sums[speaker] = sums.get(speaker, 0) + int(value)
    return list(sums.values())


def standard_error(words: Counts, rises: Counts) -> Counts:
    """Return the jackknife standard error of the drop, which is the sum of rises over the sum of words.

    Args:
        words: reference words of each unit; at least two units have some.
        rises: additional errors of the candidate in each unit.
    """
    units = words.shape[-1]
    total, risen = words.sum(-1, keepdims=True), rises.sum(-1, keepdims=True)
    without = (risen - rises) / (total - words)
    error: Counts = np.sqrt((units - 1) / units * ((without - risen / total) ** 2).sum(-1))
    return error


def t_quantile(units: int, share: float = (1 + CONFIDENCE) / 2) -> float:
    """Return the quantile of Student's t for a number of units."""
    import scipy.special  # a tenth of a second of the start of each run

    return float(scipy.special.stdtrit(units - 1, share))


def t_interval(words: Counts, rises: Counts) -> tuple[Counts, Counts]:
    """Return the bounds of the interval by Student's t over units."""
    value = rises.sum(-1) / words.sum(-1)
    reach = t_quantile(words.shape[-1]) * standard_error(words, rises)
    return value - reach, value + reach


def t_tail(words: Counts, rises: Counts, tolerance: float) -> float:
    """Return the one-sided p-value of a drop as small as this one or smaller, if the true drop were the tolerance."""
    import scipy.special

    distance = float(rises.sum() / words.sum()) - tolerance
    error = float(standard_error(words, rises))
    if not error:
        return 0.5 if not distance else float(distance > 0)
    return float(scipy.special.stdtr(words.shape[-1] - 1, distance / error))


def correlation(words: Sequence[int], rises: Sequence[int], speakers: Sequence[str]) -> float:
    """Return the correlation of the drop within a speaker: the intraclass correlation by analysis of variance.

    The figure is that of the utterances' influences on the drop. It is near zero, and may be negative, if utterances
    of one speaker are no more alike than those of different speakers. NaN if it cannot be estimated.
    """
    names = {name: number for number, name in enumerate(dict.fromkeys(speakers))}
    groups, utterances = len(names), len(rises)
    if groups < 2 or utterances <= groups:  # noqa: PLR2004 - two speakers to compare
        return math.nan
    group = np.array([names[speaker] for speaker in speakers])
    influences = np.subtract(rises, sum(rises) / max(1, sum(words)) * np.asarray(words))
    sizes = np.bincount(group)
    means = np.bincount(group, influences) / sizes
    between = float((sizes * (means - influences.mean()) ** 2).sum()) / (groups - 1)
    within = float(((influences - means[group]) ** 2).sum()) / (utterances - groups)
    size = (utterances - float((sizes**2).sum()) / utterances) / (groups - 1)
    spread = between + (size - 1) * within
    return (between - within) / spread if spread else math.nan
