"""Markdown as the hub and CI services read it: cells that stay cells, text that stays text."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
