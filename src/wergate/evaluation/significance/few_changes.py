"""Exact bounds on the drop from the number of changed words, for corpora with too few changes to estimate a spread.

Lost and gained words are two binomial proportions of the reference words, each with its Clopper-Pearson interval.
G. Zou and A. Donner, "Construction of confidence limits about effect measures", Statistics in Medicine 27 (2008),
combine two such intervals into one of the difference. Words that change in one utterance change together, so both
counts and the words are first divided by the usual size of a change, as E. Korn and B. Graubard do for samples in
clusters (Survey Methodology 24, 1998).

All functions take numbers or arrays of independent corpora.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wergate.evaluation.significance.utterances import CONFIDENCE

FEW_CHANGES = 50  # below this number of changed words, the interval is at least as wide as the exact one
_LEAST = 1e-12  # shape of a beta distribution must be positive
_HALVINGS = 40
Counts = NDArray[np.float64]


@dataclass(frozen=True)
class Changes:
    """Words that the candidate loses and gains, counted as net changes of an utterance.

    Attributes:
        words: reference words.
        lost, gained: additional errors in utterances that got worse, and fewer errors in those that got better.
        clump: size of the change to which a changed word belongs, on average; 1 if no utterance changes by more.
    """

    words: Counts
    lost: Counts
    gained: Counts
    clump: Counts

    @property
    def number(self) -> Counts:
        """Number of changed words."""
        return self.lost + self.gained

    @property
    def are_few(self) -> NDArray[np.bool_]:
        """True if the exact bounds apply."""
        return self.number < FEW_CHANGES


def count_changes(words: ArrayLike, rises: ArrayLike) -> Changes:
    """Count the changes of utterances, which are on the last axis."""
    risen = np.asarray(rises, float)
    lost, gained = np.maximum(risen, 0).sum(-1), np.maximum(-risen, 0).sum(-1)
    number = lost + gained
    clump = np.where(number > 0, (risen**2).sum(-1) / np.maximum(number, 1), 1.0)
    return Changes(np.asarray(words, float).sum(-1), lost, gained, clump)


def exact_interval(changes: Changes, confidence: ArrayLike = CONFIDENCE) -> tuple[Counts, Counts]:
    """Return the bounds of the drop."""
    tail = (1 - np.asarray(confidence, float)) / 2
    lost, gained = changes.lost / changes.words, changes.gained / changes.words
    lost_low, lost_high = _proportion(changes, changes.lost, tail)
    gained_low, gained_high = _proportion(changes, changes.gained, tail)
    low = lost - gained - np.hypot(lost - lost_low, gained_high - gained)
    high = lost - gained + np.hypot(lost_high - lost, gained - gained_low)
    return low, high


def _proportion(changes: Changes, count: Counts, tail: Counts) -> tuple[Counts, Counts]:
    """Return the Clopper-Pearson interval of a count in units of the usual size of a change."""
    import scipy.special  # a tenth of a second of the start of each run

    trials = changes.words / changes.clump
    found = count / changes.clump
    rest = trials - found
    low = scipy.special.betaincinv(np.maximum(found, _LEAST), np.maximum(rest, 0) + 1, tail)
    high = scipy.special.betaincinv(found + 1, np.maximum(rest, _LEAST), 1 - tail)
    # More insertions than reference words cannot be a proportion, and have no upper bound.
    return np.where(found > 0, low, 0.0), np.where(rest > 0, high, np.inf)


def exact_tail(changes: Changes, tolerance: float, *, above: bool) -> float:
    """Return the largest one-sided p-value at which a bound of the interval still includes the tolerance.

    Args:
        above: whether the drop is tested to be below the tolerance, by its upper bound; otherwise it is the lower one.
    """
    inside, outside = 0.0, 0.5  # tails: a bound moves towards the drop as its tail grows
    for _ in range(_HALVINGS):
        tail = (inside + outside) / 2
        low, high = exact_interval(changes, 1 - 2 * tail)
        included = bool(high > tolerance) if above else bool(low <= tolerance)
        inside, outside = (tail, outside) if included else (inside, tail)
    return outside
