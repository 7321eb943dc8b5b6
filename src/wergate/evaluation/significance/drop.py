"""The WER drop with the interval that a gate uses: by speaker where speakers are known, otherwise by utterance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from wergate.evaluation.significance import few_changes, speakers, utterances
from wergate.evaluation.significance.power import Unit
from wergate.evaluation.significance.utterances import CONFIDENCE, RESAMPLES, Resampled, paired_bootstrap
from wergate.verdict import Interval

Method = Literal["t", "bootstrap", "none"]
UNBOUNDED = Interval(-math.inf, math.inf, CONFIDENCE)


@dataclass(frozen=True)
class WerDrop:
    """Accuracy lost by the candidate: its word error rate minus the reference recognizer's.

    Attributes:
        value: the difference, a fraction; NaN without words.
        interval: confidence interval of the difference; unbounded for fewer than two utterances or without words.
        improvement: share of the resampled utterances in which the candidate makes fewer errors.
        utterances: number of utterances.
        words: number of reference words.
        resamples: number of resamples of utterances that contain a word.
        unit: unit of chance of `interval`.
        units: number of these units.
        method: Student's t over speakers, or percentiles of resampled units.
        exact: whether changes are so few that the exact interval over changed words widens `interval`.
        by_utterance: interval by utterance alone; too narrow if utterances of one speaker move together.
        correlation: correlation of the drop within a speaker; NaN if it cannot be estimated.
        lost, gained: additional errors in utterances that got worse, and fewer errors in those that got better.
        p_within, p_beyond: one-sided p-values of a drop below and above the tolerance; NaN without a tolerance.
    """

    value: float
    interval: Interval
    improvement: float
    utterances: int
    words: int
    resamples: int
    unit: Unit = "utterance"
    units: int = 0
    method: Method = "none"
    exact: bool = False
    by_utterance: Interval = UNBOUNDED
    correlation: float = math.nan
    lost: int = 0
    gained: int = 0
    p_within: float = math.nan
    p_beyond: float = math.nan

    @property
    def reach(self) -> float:
        """Distance from the drop to the upper bound of its interval."""
        return self.interval.high - self.value


@dataclass(frozen=True)
class _Estimate:
    """An interval and the p-values of its method."""

    unit: Unit
    units: int
    method: Method
    interval: Interval
    within: float
    beyond: float


def wer_drop(
    *,
    words: Sequence[int],
    reference: Sequence[int],
    candidate: Sequence[int],
    names: Sequence[str] = (),
    tolerance: float | None = None,
) -> WerDrop:
    """Return the drop with its intervals and p-values.

    Args:
        words: number of reference words in each utterance.
        reference, candidate: errors of the two recognizers in each utterance.
        names: speaker of each utterance; empty if speakers are unknown.
        tolerance: the largest accepted drop; None if there is none.
    """
    limit = math.nan if tolerance is None else tolerance
    rises = [after - before for before, after in zip(reference, candidate, strict=True)]
    resampled = paired_bootstrap(words=words, reference=reference, candidate=candidate)
    changes = few_changes.count_changes(words, rises)
    plain = WerDrop(
        resampled.value,
        _interval(resampled),
        resampled.improvement,
        len(words),
        resampled.words,
        resampled.resamples,
        units=len(words),
        lost=int(changes.lost),
        gained=int(changes.gained),
    )
    if not resampled.resamples:
        return plain
    found = _by_speaker(words, rises, names, limit) or _by_resampling(resampled, "utterance", limit)
    widened = _widened(found, changes, limit) if changes.are_few else found
    return replace(
        plain,
        interval=widened.interval,
        unit=found.unit,
        units=found.units,
        method=found.method,
        exact=bool(changes.are_few),
        by_utterance=_interval(resampled),
        correlation=speakers.correlation(words, rises, names) if names else math.nan,
        p_within=widened.within,
        p_beyond=widened.beyond,
    )


def _interval(resampled: Resampled) -> Interval:
    return Interval(resampled.low, resampled.high, CONFIDENCE)


def _by_resampling(resampled: Resampled, unit: Unit, tolerance: float) -> _Estimate:
    """Return the percentile interval; a p-value counts the resamples on the wrong side of the tolerance."""
    tails = (np.sum(resampled.drops > tolerance), np.sum(resampled.drops <= tolerance))
    within, beyond = (math.nan if math.isnan(tolerance) else (1 + int(tail)) / (1 + RESAMPLES) for tail in tails)
    return _Estimate(unit, resampled.units, "bootstrap", _interval(resampled), within, beyond)


def _by_speaker(words: Sequence[int], rises: Sequence[int], names: Sequence[str], tolerance: float) -> _Estimate | None:
    """Return the interval by speaker; None unless two speakers have words."""
    if not names:
        return None
    spoken, risen = (speakers.sums_by_speaker(values, names) for values in (words, rises))
    if sum(count > 0 for count in spoken) < utterances.FEWEST_UNITS:
        return None
    if len(spoken) >= speakers.BOOTSTRAP_SPEAKERS:
        resampled = paired_bootstrap(words=spoken, reference=[0] * len(spoken), candidate=risen)
        return _by_resampling(resampled, "speaker", tolerance)
    arrays = np.asarray(spoken, float), np.asarray(risen, float)
    low, high = speakers.t_interval(*arrays)
    within = math.nan if math.isnan(tolerance) else speakers.t_tail(*arrays, tolerance)
    return _Estimate("speaker", len(spoken), "t", Interval(float(low), float(high), CONFIDENCE), within, 1 - within)


def _widened(found: _Estimate, changes: few_changes.Changes, tolerance: float) -> _Estimate:
    """Return an interval that is also at least as wide as the exact one over changed words."""
    low, high = few_changes.exact_interval(changes)
    interval = Interval(min(found.interval.low, float(low)), max(found.interval.high, float(high)), CONFIDENCE)
    if math.isnan(tolerance):
        return replace(found, interval=interval)
    within = max(found.within, few_changes.exact_tail(changes, tolerance, above=True))
    beyond = max(found.beyond, few_changes.exact_tail(changes, tolerance, above=False))
    return replace(found, interval=interval, within=within, beyond=beyond)
