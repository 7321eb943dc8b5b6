"""Figures and tables for people: terminal tables, and markdown as the hub and CI services read it."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Protocol

from rich import box
from rich.console import Console
from rich.table import Table

_NARROWEST = 80


def new_table(title: str, first: str, columns: Sequence[str]) -> Table:
    """Return an empty table: a column of names, then columns of figures."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title=title,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        collapse_padding=True,  # a blank between columns: names have the more room
    )
    table.add_column(first, overflow="fold")  # what gives way where the terminal is narrow
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def render(table: Table, width: int) -> str:
    """Return a table as text of at most that many columns."""
    stream = io.StringIO()
    Console(file=stream, width=max(width, _NARROWEST), color_system=None).print(table)
    return stream.getvalue()


def percent(fraction: float | None, decimals: int = 2) -> str:
    """Return a fraction in percent, such as "8.21"; "-" where there is none."""
    return "-" if fraction is None else f"{100 * fraction:.{decimals}f}"


def signed_percent(fraction: float | None, decimals: int = 2) -> str:
    """Return a difference of fractions in percentage points, such as "+0.31"; "-" where there is none."""
    return "-" if fraction is None else f"{100 * fraction:+.{decimals}f}"


def decibels(ratio_db: float | None, missing: str = "inf") -> str:
    """Return a ratio that is in decibels already, such as "21.4"; a row has none where it is infinite."""
    return missing if ratio_db is None else f"{ratio_db:.1f}"


class Bounds(Protocol):
    """An interval; a bound is None where it is not finite."""

    @property
    def low(self) -> float | None:
        """The lower one."""

    @property
    def high(self) -> float | None:
        """The upper one."""


def interval(bounds: Bounds | None, form: str = ".2f", scale: float = 1.0) -> str:
    """Return the bounds of an interval, times a scale, as "0.98 to 1.04"; nothing where there is none."""
    if bounds is None:
        return ""
    low = "-inf" if bounds.low is None else f"{scale * bounds.low:{form}}"
    high = "inf" if bounds.high is None else f"{scale * bounds.high:{form}}"
    return f"{low} to {high}"


class Edits(Protocol):
    """Counted word errors, and their share of the reference words; None without any."""

    @property
    def wer(self) -> float | None:
        """A fraction."""

    @property
    def substitutions(self) -> int:
        """Words heard as others."""

    @property
    def deletions(self) -> int:
        """Words not heard."""

    @property
    def insertions(self) -> int:
        """Words that nobody said."""


def word_errors(errors: Edits) -> tuple[str, str]:
    """Return the word error rate in percent, and the counts as S/D/I."""
    return percent(errors.wer), f"{errors.substitutions}/{errors.deletions}/{errors.insertions}"


_TAG = re.compile(r"<(?=[A-Za-z/!?])")  # a lone < is text, and stays readable where nothing renders it
_ROWS_MAX = 200  # GitHub shows a summary of at most 1 MiB


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; of many rows the first ones, and how many were left out."""
    lines = [header, ["---"] * len(header), *rows[:_ROWS_MAX]]
    text = "\n".join("| " + " | ".join(map(_escaped, line)) + " |" for line in lines)
    more = len(rows) - _ROWS_MAX
    return f"{text}\n\nand {more} more, which the results file has" if more > 0 else text


def _escaped(text: str) -> str:
    return _TAG.sub("&lt;", " ".join(text.split()).replace("|", "\\|"))


def verbatim(lines: Sequence[str]) -> str:
    """Return lines as they are; no line can end the block."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines[:_ROWS_MAX], fence])


def collapsed(summary: str, content: str) -> str:
    """Return content that is shown on a click."""
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"
