"""Durations of an evaluation corpus that its calibration corpus does not have."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_FAR = 2.0  # ratio of durations; the ends of two samples of one kind of speech differ by less
_SHARE_MAX = 0.05  # of utterances a little outside: two samples of one kind of speech have that many


@dataclass(frozen=True)
class Span:
    """The shortest and the longest duration of a corpus, in seconds."""

    shortest_s: float
    longest_s: float

    def __str__(self) -> str:
        """Return both ends in words."""
        return f"{self.shortest_s:.1f} to {self.longest_s:.1f} s"


def span_of(durations_s: Collection[float]) -> Span:
    """Return the span of a corpus with at least one utterance."""
    return Span(min(durations_s), max(durations_s))


def uncalibrated_note(durations_s: Collection[float], calibrated: Span) -> str | None:
    """Return a remark on utterances beyond the durations of the calibration, or None if it is representative.

    A few utterances a little outside give no remark: the ends of any two samples differ.

    Args:
        durations_s: durations of the evaluated utterances.
        calibrated: durations of the calibration.
    """
    longer = sum(duration > calibrated.longest_s for duration in durations_s)
    shorter = sum(duration < calibrated.shortest_s for duration in durations_s)
    found = span_of(durations_s)
    far = found.longest_s > _FAR * calibrated.longest_s or found.shortest_s < calibrated.shortest_s / _FAR
    if not far and longer + shorter <= _SHARE_MAX * len(durations_s):
        return None
    kinds = " and ".join(f"{count} {kind}" for count, kind in ((longer, "longer"), (shorter, "shorter")) if count)
    return (
        f"of {len(durations_s)} utterances ({found}), {kinds} than any that INT8 is calibrated on ({calibrated}): name "
        "a corpus with such durations with --calibration"
    )
