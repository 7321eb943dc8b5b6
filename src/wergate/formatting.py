"""Numbers and tables as text: for the terminal, and in the Markdown that the hub and CI services render."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from wergate.errors import printable

if TYPE_CHECKING:
    from rich.table import Table


_NARROWEST = 80


def new_table(title: str, first: str, columns: Sequence[str]) -> Table:
    """Return an empty table with one column of names and further columns of numbers.

    Args:
        title: printed above the table.
        first: heading of the column of names.
        columns: headings of the columns of numbers.
    """
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD,
        title=title,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        collapse_padding=True,  # one blank between columns leaves more room for names
    )
    table.add_column(first, overflow="fold")  # in a narrow terminal, names wrap and numbers stay whole
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def render(table: Table, width: int) -> str:
    """Return a table as text, at most `width` characters wide but never narrower than 80."""
    from rich.console import Console

    stream = io.StringIO()
    Console(file=stream, width=max(width, _NARROWEST), color_system=None).print(table)
    return stream.getvalue()


def percent(fraction: float | None, decimals: int = 2) -> str:
    """Return a fraction in percent, such as "8.21", or "-" for None."""
    return "-" if fraction is None else f"{100 * fraction:.{decimals}f}"


def signed_percent(fraction: float | None, decimals: int = 2) -> str:
    """Return a difference of fractions in percentage points, such as "+0.31", or "-" for None."""
    return "-" if fraction is None else f"{100 * fraction:+.{decimals}f}"


def decibels(ratio_db: float | None, missing: str = "inf") -> str:
    """Return a ratio in decibels, such as "21.4", or `missing` for None, which rows store for an infinite ratio."""
    return missing if ratio_db is None else f"{ratio_db:.1f}"


class Bounds(Protocol):
    """The bounds of an interval; an infinite bound is None."""

    @property
    def low(self) -> float | None:
        """Lower bound."""

    @property
    def high(self) -> float | None:
        """Upper bound."""


def interval(bounds: Bounds | None, form: str = ".2f", scale: float = 1.0) -> str:
    """Return the bounds of an interval, times `scale`, as "0.98 to 1.04", or an empty string for None."""
    if bounds is None:
        return ""
    low = "-inf" if bounds.low is None else f"{scale * bounds.low:{form}}"
    high = "inf" if bounds.high is None else f"{scale * bounds.high:{form}}"
    return f"{low} to {high}"


class Edits(Protocol):
    """Counts of word errors."""

    @property
    def wer(self) -> float | None:
        """Word error rate as a fraction, or None if the reference has no words."""

    @property
    def substitutions(self) -> int:
        """Reference words recognized as other words."""

    @property
    def deletions(self) -> int:
        """Reference words missing from the hypothesis."""

    @property
    def insertions(self) -> int:
        """Words of the hypothesis that the reference does not have."""


def word_errors(errors: Edits) -> tuple[str, str]:
    """Return the word error rate in percent, and the counts as S/D/I."""
    return percent(errors.wer), f"{errors.substitutions}/{errors.deletions}/{errors.insertions}"


_TAG = re.compile(r"<(?=[A-Za-z/!?])")  # any other < is text and stays readable in unrendered Markdown
_ROWS_MAX = 200  # GitHub shows summaries of at most 1 MiB


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, keep_links: bool = False) -> str:
    """Return a Markdown table with at most 200 rows, and below it the number of rows left out.

    Args:
        keep_links: whether links in cells are ours; those of foreign texts are shown as text.
    """
    lines = [header, ["---"] * len(header), *rows[:_ROWS_MAX]]
    escaped = _escaped if keep_links else _without_links
    text = "\n".join("| " + " | ".join(map(escaped, line)) + " |" for line in lines)
    more = len(rows) - _ROWS_MAX
    return f"{text}\n\nand {more} more in the results file" if more > 0 else text


def _escaped(text: str) -> str:
    return _TAG.sub("&lt;", printable(" ".join(text.split())).replace("|", "\\|"))


def _without_links(text: str) -> str:
    return _escaped(text).replace("](", "]\\(")  # else a link, or an image that the reader's browser fetches


def verbatim(lines: Sequence[str]) -> str:
    """Return lines as a Markdown code block, with a fence that is longer than any run of backticks in them."""
    lines = [printable(part) for line in lines for part in line.split("\n")]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines[:_ROWS_MAX], fence])


def collapsed(summary: str, content: str) -> str:
    """Return a Markdown section that shows only its summary until the reader expands it."""
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"
