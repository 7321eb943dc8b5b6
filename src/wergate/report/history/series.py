"""Series of a history: one figure over all runs of one kind of machine, with its steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from wergate.report.history.entry import Entry, RatioPoint, WordPoint
from wergate.report.history.steps import steps

Unit = Literal["%", "times"]
_DIGITS = 8


@dataclass(frozen=True)
class Point:
    """A figure of one run, with its interval; a bound is None if there is none, and `noise` is empty if it is quiet."""

    entry: Entry
    value: float
    low: float | None
    high: float | None
    noise: str = ""


@dataclass(frozen=True)
class Mark:
    """A step.

    Attributes:
        place: number of the first run after it, counted from 0.
        line: where it is, how large, and what else changed there.
    """

    place: int
    line: str


@dataclass(frozen=True)
class Series:
    """A figure over runs of one kind of machine, with one model, corpus and settings.

    Attributes:
        title: what was measured.
        about: what all of its runs share.
        unit: "%" for a word error rate, "times" for a speed-up.
        points: in the order of time.
        marks: its steps.
    """

    title: str
    about: str
    unit: Unit
    points: Sequence[Point]
    marks: Sequence[Mark]


def series_of(entries: Iterable[Entry]) -> list[Series]:
    """Return all series: word error rates, then speed-ups."""
    found: dict[tuple[str, str, Unit], list[Point]] = {}
    for entry in entries:
        for words in entry.words:
            found.setdefault((_words_title(words), _words_about(words, entry), "%"), []).append(_wer(words, entry))
        for row in entry.ratios:
            title = f"{row.model}: speed-up of {row.fast} over {row.slow}, {row.duration_s:g} s"
            found.setdefault((title, entry.settings, "times"), []).append(_ratio(row, entry))
    ordered = sorted(found.items(), key=lambda one: one[0][2] != "%")
    return [Series(*key, points, list(_marks(points, key[2]))) for key, points in ordered]


def _words_title(words: WordPoint) -> str:
    return f"{words.model}: WER of {words.recognizer} on {words.corpus}, {words.words:,} words"


def _words_about(words: WordPoint, entry: Entry) -> str:
    return f"digest {words.fingerprint[:_DIGITS]}, normalizer {words.normalizer}; {entry.settings}"


def _wer(words: WordPoint, entry: Entry) -> Point:
    low, high = (None if bound is None else 100 * bound for bound in (words.low, words.high))
    return Point(entry, 100 * words.errors / max(1, words.words), low, high)


def _ratio(row: RatioPoint, entry: Entry) -> Point:
    return Point(entry, row.ratio, row.low, row.high, "; ".join(row.noise))


def _marks(points: Sequence[Point], unit: Unit) -> Iterator[Mark]:
    """Yield the steps; speed-ups are compared on a logarithmic scale."""
    on_logs = unit == "times"
    values = [math.log(point.value) if on_logs else point.value for point in points]
    for step in steps(values):
        before, after = ((math.exp(mean) if on_logs else mean) for mean in (step.before, step.after))
        last, first = points[step.place - 1].entry, points[step.place].entry
        where = f"run {step.place + 1} of {len(points)}, {day(first)}{commit(first)}"
        yield Mark(step.place, f"{where}: {before:.2f} to {after:.2f} {unit}{_changed(last, first)}")


def day(entry: Entry) -> str:
    """Return the time of a run, to the minute."""
    return entry.created[:16].replace("T", " ")


def commit(entry: Entry) -> str:
    """Return the commit of a run for a sentence; empty if it is unknown."""
    return f", commit {entry.commit}" if entry.commit else ""


def _changed(last: Entry, first: Entry) -> str:
    """Return what changed between the two runs around a step."""
    names = dict.fromkeys([*last.versions, *first.versions])
    pairs = [("wergate", last.wergate, first.wergate)]
    pairs += [(name, last.versions.get(name, "absent"), first.versions.get(name, "absent")) for name in names]
    found = [f"{name} {old} to {new}" for name, old, new in pairs if old != new]
    return f"; {', '.join(found)}" if found else ""
