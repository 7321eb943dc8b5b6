"""The gate's interval on simulated corpora: how often it contains the true drop, and which verdict it gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wergate.evaluation.significance.few_changes import count_changes, exact_interval
from wergate.evaluation.significance.speakers import BOOTSTRAP_SPEAKERS, t_interval
from wergate.evaluation.significance.utterances import percentiles
from wergate.studies.wer_verdicts.simulation import Corpora, Truth, simulate

RESAMPLES = 1_000  # a gate takes 10,000
BLOCK = 100  # corpora that share the draws of a bootstrap
Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Outcome:
    """Shares of simulated corpora.

    Attributes:
        covered: the gate's interval contains the true drop.
        too_low, too_high: the whole interval is at or below, or above, the true drop.
        by_utterance: the interval by utterance contains the true drop.
        other: the other interval by speaker contains it: percentiles where the gate takes Student's t, and the reverse.
        own: the gate's interval contains the first speaker's own drop.
        passed, failed: the gate's verdict at the tolerance.
        exact: changes are so few that the exact interval applies.
    """

    covered: float
    too_low: float
    too_high: float
    by_utterance: float
    other: float
    own: float
    passed: float
    failed: float
    exact: float


def outcome(truth: Truth, tolerance: float, corpora: int, seed: int) -> Outcome:
    """Simulate corpora and judge each of them."""
    generator = np.random.default_rng(seed)
    parts = []
    for start in range(0, corpora, BLOCK):
        drawn = simulate(truth, min(BLOCK, corpora - start), generator)
        parts.append(_flags(truth, tolerance, drawn, generator))
    return Outcome(*np.concatenate(parts, axis=1).mean(axis=1).tolist())


def _flags(truth: Truth, tolerance: float, drawn: Corpora, generator: np.random.Generator) -> NDArray[np.bool_]:
    plain = resampled_interval(drawn.words, drawn.rises, generator)
    found, other = plain, plain
    if truth.speakers > 1:
        sums = drawn.by_speaker()
        found, other = t_interval(*sums), resampled_interval(*sums, generator)
        if truth.speakers >= BOOTSTRAP_SPEAKERS:
            found, other = other, found
    few = count_changes(drawn.words, drawn.rises).are_few
    low, high = widened(found, drawn)
    return np.array(
        [
            (low <= truth.drop) & (truth.drop <= high),
            high <= truth.drop,
            low > truth.drop,
            _contains(plain, truth.drop),
            _contains(widened(other, drawn), truth.drop),
            _contains((low, high), drawn.own_drop),
            high <= tolerance,
            low > tolerance,
            few,
        ]
    )


def widened(bounds: Bounds, drawn: Corpora) -> Bounds:
    """Return bounds that are at least as wide as the exact interval where there are few changes."""
    changes = count_changes(drawn.words, drawn.rises)
    low, high = exact_interval(changes)
    few = changes.are_few
    return np.where(few, np.minimum(bounds[0], low), bounds[0]), np.where(few, np.maximum(bounds[1], high), bounds[1])


def resampled_interval(
    words: NDArray[np.float64], rises: NDArray[np.float64], generator: np.random.Generator
) -> Bounds:
    """Return percentile intervals of several corpora from the same draws of units."""
    units = words.shape[-1]
    # How often a resample draws each unit, which is faster to count than to draw from its distribution.
    picks = generator.integers(0, units, size=(RESAMPLES, units)) + units * np.arange(RESAMPLES)[:, None]
    times = np.bincount(picks.ravel(), minlength=RESAMPLES * units).reshape(RESAMPLES, units).T.astype(np.float32)
    drops = (rises.astype(np.float32) @ times) / (words.astype(np.float32) @ times)
    low, high = percentiles(drops, axis=1)
    value = rises.sum(-1) / words.sum(-1)
    return np.minimum(low, value), np.maximum(high, value)


def _contains(bounds: Bounds, drop: float | NDArray[np.float64]) -> NDArray[np.bool_]:
    return (bounds[0] <= drop) & (drop <= bounds[1])
