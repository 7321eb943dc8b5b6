"""The declaration of a study: its question, duration, tests and report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wergate.evaluation.rows import ResultRow

if TYPE_CHECKING:
    from rich.table import Table

RowsByKind = Mapping[str, Sequence[Any]]  # the rows of each kind are instances of the class in `Study.kinds`


def _nothing(_: RowsByKind) -> Iterator[Any]:
    yield from ()


@dataclass(frozen=True)
class Study:
    """One question that takes longer to answer than a gate, so it runs on request only.

    Attributes:
        name: the value of `--study`. The study's folder has the same name, with underscores.
        question: the question that the study answers.
        minutes: approximate duration on the embedded model.
        where: the file with its tests, relative to the root of the repository.
        kinds: row class by kind, for the rows that its tests record. `Results` writes the kinds that it has a field
            for. Rows of any other kind are only printed.
        tables: yields the study's tables for the summary.
        lines: yields the study's lines for the summary. They precede the list of built artifacts.
        settings: yields lines to copy into a suite file. They follow the list of built artifacts.
    """

    name: str
    question: str
    minutes: int
    where: str
    kinds: Mapping[str, type[ResultRow]] = field(default_factory=dict)
    tables: Callable[[RowsByKind], Iterator[Table]] = _nothing
    lines: Callable[[RowsByKind], Iterator[str]] = _nothing
    settings: Callable[[RowsByKind], Iterator[str]] = _nothing
