"""Lines on the comparison of word errors with their baselines, one for all that share a reason."""

from __future__ import annotations

from collections.abc import Sequence

from wergate.config.variants import subject_of
from wergate.report.rows.verdicts import RegressionRow


def together(rows: Sequence[RegressionRow]) -> list[str]:
    """Return a line for each row, or one for all rows that were not compared for the same reason."""
    groups: dict[str, list[RegressionRow]] = {}
    for row in rows:
        groups.setdefault(_reason(row), []).append(row)
    return [_line(reason, group) for reason, group in groups.items()]


def _reason(row: RegressionRow) -> str:
    return row.line.removeprefix(_name(row)) if row.outcome in {"absent", "not compared"} else row.line


def _name(row: RegressionRow) -> str:
    return f"baseline of {row.model} on {row.corpus}, {subject_of(row.variant)}"


def _line(reason: str, rows: Sequence[RegressionRow]) -> str:
    first = rows[0]
    return first.line if len(rows) == 1 else f"{len(rows)} baselines, such as the {_name(first)}{reason}"
