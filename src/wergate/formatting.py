"""Markdown as the hub and CI services read it: cells that stay cells, text that stays text."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

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


_TAG = re.compile(r"<(?=[A-Za-z/!?])")  # a lone < is text, and stays readable where nothing renders it
_ROWS_MAX = 200  # GitHub shows a summary of at most 1 MiB


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; of many rows the first ones, and how many were left out."""
    lines = [header, ["---"] * len(header), *rows[:_ROWS_MAX]]
    text = "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)
    more = len(rows) - _ROWS_MAX
    return f"{text}\n\nand {more} more, which the results file has" if more > 0 else text


def _cell(text: str) -> str:
    return _TAG.sub("&lt;", " ".join(text.split()).replace("|", "\\|"))


def verbatim(lines: Sequence[str]) -> str:
    """Return lines as they are; no line can end the block."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines[:_ROWS_MAX], fence])


def collapsed(summary: str, content: str) -> str:
    """Return content that is shown on a click."""
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"
