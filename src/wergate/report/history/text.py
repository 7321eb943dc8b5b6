"""A history as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wergate.errors import printable
from wergate.formatting import new_table, render
from wergate.report.history.entry import History
from wergate.report.history.series import Point, Series, day, series_of

_BARS = "▁▂▃▄▅▆▇█"
_DRAWN = 40  # runs in a line
METHOD = "steps: Student's t-test in windows of 5, 10 and 20 runs, Holm's correction at 1 % for each series"


def history_lines(history: History, *, last: int, width: int) -> Iterator[str]:
    """Yield the history of one kind of machine line by line; foreign text cannot command the terminal.

    Args:
        last: number of runs to read, counted from the last.
        width: columns that a line may take.
    """
    for line in _lines(history, last, width):
        yield from (printable(part) for part in line.split("\n"))


def _lines(history: History, last: int, width: int) -> Iterator[str]:
    entries = history.entries[-last:]
    yield history.machine
    if entries:
        yield f"{len(entries)} run{'s' * (len(entries) > 1)}, {day(entries[0])} to {day(entries[-1])}"
    yield from history.left_out
    found = series_of(entries)
    if found:
        yield _table(found, width)
    for one in found:
        yield from (f"STEP {one.title}: {mark.line}" for mark in one.marks)


def _table(found: Sequence[Series], width: int) -> str:
    from rich.text import Text

    table = new_table("", "figure", ("runs", "course", "first", "last (interval)", "steps"))
    for one in found:
        cells = (
            one.title,
            str(len(one.points)),
            course(one.points),
            f"{one.points[0].value:.2f}",
            _with_interval(one),
            str(len(one.marks)),
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return render(table, width).strip("\n")


def course(points: Sequence[Point]) -> str:
    """Return the last values as bars of eight heights, on a scale from the lowest to the highest."""
    values = [point.value for point in points[-_DRAWN:]]
    low, span = min(values), max(values) - min(values)
    return "".join(_BARS[round((len(_BARS) - 1) * (value - low) / span) if span else 0] for value in values)


def _with_interval(one: Series) -> str:
    point = one.points[-1]
    bounds = "" if point.low is None or point.high is None else f" ({point.low:.2f} to {point.high:.2f})"
    return f"{point.value:.2f}{bounds} {one.unit}"
