"""Geometry of the charts: places in percent of the width, so that text keeps its size on every screen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_MARGIN = 0.06  # of the range of the values, on both sides
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_WIDEST = 2.0  # an interval may leave the values by this many times their range
_STRIP = 80  # dots of a strip
_CURVE = 60  # points of a distribution


@dataclass(frozen=True)
class Scale:
    """A linear scale from values to percent of the width."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Return the place of a value; a value beyond an end is put there."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 4)

    def inside(self, value: float) -> bool:
        """Return whether a value lies on the scale."""
        return self.low <= value <= self.high


def scale_over(values: Iterable[float | None]) -> Scale:
    """Return a scale that shows all finite values."""
    found = [value for value in values if value is not None and math.isfinite(value)]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    margin = _MARGIN * (high - low) or abs(high) * _MARGIN or 1.0
    return Scale(low - margin, high + margin)


def ticks(scale: Scale, count: int = 4) -> list[tuple[float, str]]:
    """Return about `count` round values on a scale: the place and the text of each."""
    raw = (scale.high - scale.low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * part for part in _STEPS if power * part >= raw)
    decimals = max(0, -math.floor(math.log10(step)) + (1 if step / power == _STEPS[2] else 0))
    first = math.ceil(scale.low / step)
    last = math.floor(scale.high / step)
    return [(scale.at(number * step), f"{number * step:.{decimals}f}") for number in range(first, last + 1)]


@dataclass(frozen=True)
class Bar:
    """A value with its interval and its limit.

    Attributes:
        label: name of the row.
        text: the figures in words.
        value, low, high: the value and its interval, in the unit of the chart; None if there is none.
        limit: threshold; None if there is none.
        at_least: whether the value must be at least the limit; otherwise at most.
        state: "pass", "fail", "open" or "none".
        note: a remark, such as that the times are noisy.
    """

    label: str
    text: str
    value: float | None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    at_least: bool = False
    state: str = "none"
    note: str = ""


@dataclass(frozen=True)
class Forest:
    """Values with intervals, one below the other, on one scale."""

    title: str
    unit: str
    bars: Sequence[Bar]
    line: float | None = None
    line_text: str = ""
    columns: tuple[str, ...] = ("row", "value", "low", "high", "limit")

    @property
    def scale(self) -> Scale:
        """The scale that shows all values and limits, and intervals unless they are many times as wide."""
        firm = [part for bar in self.bars for part in (bar.value, bar.limit)] + [self.line]
        found = [part for part in firm if part is not None]
        reach = _WIDEST * ((max(found) - min(found)) or abs(found[0]) or 1.0) if found else 1.0
        ends = [part for bar in self.bars for part in (bar.low, bar.high) if part is not None]
        return scale_over([*found, *(min(max(found) + reach, max(min(found) - reach, end)) for end in ends)])

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Marks of the scale."""
        return ticks(self.scale)

    @property
    def table(self) -> list[tuple[str, ...]]:
        """The figures."""
        return [
            (bar.label, *(_number(part) for part in (bar.value, bar.low, bar.high, bar.limit))) for bar in self.bars
        ]


@dataclass(frozen=True)
class Series:
    """Times of one recognizer."""

    label: str
    values: Sequence[float]
    note: str = ""
    hollow: Sequence[bool] = field(default_factory=tuple)

    def quantile(self, share: float) -> float:
        """Return a quantile."""
        ordered = sorted(self.values)
        place = share * (len(ordered) - 1)
        low = math.floor(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (place - low) * (ordered[high] - ordered[low])


@dataclass(frozen=True)
class Distribution:
    """Times of several recognizers on the same speech: strips, and distribution functions below them."""

    title: str
    unit: str
    series: Sequence[Series]

    @property
    def scale(self) -> Scale:
        """The scale, up to the 99th percentile: one very late call would hide all others."""
        return scale_over([one.quantile(share) for one in self.series for share in (0.0, 0.99)])

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Marks of the scale."""
        return ticks(self.scale)

    def dots(self, one: Series) -> list[float]:
        """Return the places of at most 80 calls, spread over all quantiles."""
        count = min(_STRIP, len(one.values))
        shares = [number / max(1, count - 1) for number in range(count)]
        values = [one.quantile(share) for share in shares]
        return [self.scale.at(value) for value in values if self.scale.inside(value)]

    def late(self, one: Series) -> int:
        """Return the number of calls beyond the end of the scale."""
        return sum(not self.scale.inside(value) for value in one.values)

    def curve(self, one: Series) -> str:
        """Return the distribution function as points of a polyline in a square of 100."""
        shares = [number / (_CURVE - 1) for number in range(_CURVE)]
        return " ".join(f"{self.scale.at(one.quantile(share)):g},{100 - 100 * share:.1f}" for share in shares)

    @property
    def columns(self) -> tuple[str, ...]:
        """Headings of the figures."""
        return ("recognizer", "calls", "min", "median", "p90", "max", "note")

    @property
    def table(self) -> list[tuple[str, ...]]:
        """The figures."""
        return [
            (
                one.label,
                str(len(one.values)),
                *(_number(one.quantile(share)) for share in (0.0, 0.5, 0.9, 1.0)),
                one.note,
            )
            for one in self.series
        ]


@dataclass(frozen=True)
class Blocks:
    """The ratio of each block, in the order in which they ran."""

    title: str
    series: Series
    ratio: float
    compilations: Sequence[int]

    @property
    def scale(self) -> Scale:
        """The scale of the ratios, between their second and 98th percentile."""
        return scale_over([self.series.quantile(0.02), self.series.quantile(0.98), self.ratio])

    @property
    def dots(self) -> list[tuple[float, float, bool, int]]:
        """Of each block: its places in percent from the left and from the top, whether it is void, its compilation."""
        count = max(1, len(self.series.values) - 1)
        return [
            (round(9 + 90 * number / count, 2), 100 - self.scale.at(value), void, compilation)
            for number, (value, void, compilation) in enumerate(
                zip(self.series.values, self.series.hollow, self.compilations, strict=True)
            )
        ]

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Marks of the scale, from the top."""
        return [(100 - place, text) for place, text in ticks(self.scale, 3)]

    @property
    def columns(self) -> tuple[str, ...]:
        """Headings of the figures."""
        return ("blocks", "void", "compilations", "median ratio", "5th percentile", "95th percentile")

    @property
    def table(self) -> list[tuple[str, ...]]:
        """The figures."""
        one = self.series
        counts = (len(one.values), sum(one.hollow), len(set(self.compilations)))
        return [(*map(str, counts), *(_number(one.quantile(share)) for share in (0.5, 0.05, 0.95)))]


@dataclass(frozen=True)
class Point:
    """A recognizer: word error rate in percent over speed; `best` if no other is both as fast and as accurate."""

    label: str
    speed: float
    wer: float
    low: float | None
    high: float | None
    best: bool


@dataclass(frozen=True)
class Plane:
    """Word errors over speed."""

    title: str
    points: Sequence[Point]

    @property
    def across(self) -> Scale:
        """The scale of the speed."""
        return scale_over([0.0, *(point.speed for point in self.points)])

    @property
    def up(self) -> Scale:
        """The scale of the word error rate."""
        return scale_over([part for point in self.points for part in (point.wer, point.low, point.high)])

    def place(self, point: Point) -> tuple[float, float]:
        """Return the place of a point, in percent from the left and from the top."""
        return self.across.at(point.speed), 100 - self.up.at(point.wer)

    def from_top(self, wer: float) -> float:
        """Return the place of a word error rate in percent from the top."""
        return 100 - self.up.at(wer)

    @property
    def front(self) -> str:
        """The best points as a polyline in a square of 100."""
        best = sorted((point for point in self.points if point.best), key=lambda point: point.speed)
        return " ".join("{:g},{:g}".format(*self.place(point)) for point in best)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Marks of the word error rate, from the top."""
        return [(100 - place, text) for place, text in ticks(self.up, 4)]

    @property
    def speed_ticks(self) -> list[tuple[float, str]]:
        """Marks of the speed."""
        return ticks(self.across, 4)

    @property
    def columns(self) -> tuple[str, ...]:
        """Headings of the figures."""
        return ("recognizer", "audio s per s", "WER %", "low", "high", "on the front")

    @property
    def table(self) -> list[tuple[str, ...]]:
        """The figures."""
        return [
            (
                point.label,
                f"{point.speed:.0f}",
                *(_number(part) for part in (point.wer, point.low, point.high)),
                "yes" if point.best else "no",
            )
            for point in self.points
        ]


def front_of(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Return of each (speed, error) whether no other point is at least as good in both and better in one."""
    return [not any(other[0] >= one[0] and other[1] <= one[1] and other != one for other in points) for one in points]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
