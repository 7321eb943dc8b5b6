"""The page about a history: a chart of each figure over runs, one section for each kind of machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wergate.disk.files import replace_file
from wergate.report.history.entry import History
from wergate.report.history.series import day, series_of
from wergate.report.history.text import METHOD
from wergate.report.page.document import document
from wergate.report.page.trend import Trend


@dataclass(frozen=True)
class Machine:
    """The history of one kind of machine.

    Attributes:
        about: number and time of its runs.
        trends: its figures over runs.
        left_out: files that cannot be used, each with the reason.
    """

    name: str
    about: str
    trends: list[Trend]
    left_out: list[str]


def render(histories: Iterable[History], out: Path, *, last: int) -> None:
    """Write the page about a history.

    Args:
        out: the HTML file.
        last: number of runs to show of each kind of machine, counted from the last.

    Raises:
        SuiteError: the file cannot be written.
    """
    replace_file(out, page(histories, last=last), what="report")


def page(histories: Iterable[History], *, last: int) -> str:
    """Return the page about a history; the same files give the same page."""
    return document("history.html", {"machines": [_machine(one, last) for one in histories], "method": METHOD})


def _machine(history: History, last: int) -> Machine:
    entries = history.entries[-last:]
    about = f"{len(entries)} runs, {day(entries[0])} to {day(entries[-1])}" if entries else "no run can be used"
    return Machine(history.machine, about, [Trend(one) for one in series_of(entries)], history.left_out)
