"""Geometry of a figure over runs: places in percent, so that text keeps its size on every screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wergate.report.history.series import Series, day
from wergate.report.page.charts import Scale, scale_over, ticks

_LEFT, _WIDTH = 9.0, 89.0  # percent of the width: the axis stands left of the first run
_WIDEST = 2.0  # an interval may leave the values by this many times their range


@dataclass(frozen=True)
class Dot:
    """A run: its places in percent from the left and from the top, its interval's ends, and its figures in words."""

    x: float
    y: float
    top: float | None
    bottom: float | None
    text: str
    noisy: bool


@dataclass(frozen=True)
class Trend:
    """A figure over runs, in their order."""

    series: Series

    @property
    def title(self) -> str:
        """Name of the figure."""
        return self.series.title

    @property
    def scale(self) -> Scale:
        """The scale that shows all values, and intervals unless they are many times as wide."""
        values = [point.value for point in self.series.points]
        reach = _WIDEST * ((max(values) - min(values)) or 0.1 * abs(values[0]) or 1.0)
        ends = [end for point in self.series.points for end in (point.low, point.high) if end is not None]
        return scale_over([*values, *(min(max(values) + reach, max(min(values) - reach, end)) for end in ends)])

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Marks of the scale, from the top."""
        return [(self._from_top(place), text) for place, text in ticks(self.scale, 3)]

    @property
    def dots(self) -> list[Dot]:
        """The runs."""
        return [
            Dot(
                self.x(place),
                self._from_top(self.scale.at(point.value)),
                None if point.high is None else self._from_top(self.scale.at(point.high)),
                None if point.low is None else self._from_top(self.scale.at(point.low)),
                ", ".join(
                    part for part in (day(point.entry), point.entry.commit, f"{point.value:.4g}", point.noise) if part
                ),
                bool(point.noise),
            )
            for place, point in enumerate(self.series.points)
        ]

    def x(self, place: float) -> float:
        """Return the place of a run in percent from the left; half a number lies between two runs."""
        return round(_LEFT + _WIDTH * (place + 0.5) / len(self.series.points), 3)

    @staticmethod
    def _from_top(place: float) -> float:
        return round(100 - place, 4)

    @property
    def columns(self) -> tuple[str, ...]:
        """Headings of the figures."""
        return ("run", "commit", "value", "low", "high", "wergate", "openvino", "verdict of the run", "noise")

    @property
    def table(self) -> Sequence[tuple[str, ...]]:
        """The figures."""
        return [
            (
                day(point.entry),
                point.entry.commit or "",
                *("" if part is None else f"{part:.4g}" for part in (point.value, point.low, point.high)),
                point.entry.wergate,
                point.entry.versions.get("openvino", ""),
                str(point.entry.verdict),
                point.noise,
            )
            for point in self.series.points
        ]
