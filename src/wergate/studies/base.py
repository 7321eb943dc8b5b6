"""What the rest of the suite knows of a study: its question, what it costs, where its tests are, how it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from wergate.evaluation.rows import ResultRow

RowsByKind = Mapping[str, Sequence[Any]]  # rows of a kind are of the class that the kind stands for


def _nothing(_: RowsByKind) -> Iterator[Any]:
    yield from ()


@dataclass(frozen=True)
class Study:
    """A study answers one question. It takes longer than a gate, so it runs on request only.

    Attributes:
        name: what `--study` calls it. Its folder has this name, with underscores.
        question: what it answers.
        minutes: how long it takes on the embedded model, roughly.
        where: the file of its tests, from the root of the repository.
        kinds: the class of each kind of rows that its tests hand over. `Results` writes the kinds that it has a field
            for; rows of another kind are only printed.
        tables: what the summary shows of its rows.
        lines: what the summary tells of its rows, before what was built.
        settings: what the summary offers for a suite file, behind what was built.
    """

    name: str
    question: str
    minutes: int
    where: str
    kinds: Mapping[str, type[ResultRow]] = field(default_factory=dict)
    tables: Callable[[RowsByKind], Iterator[Table]] = _nothing
    lines: Callable[[RowsByKind], Iterator[str]] = _nothing
    settings: Callable[[RowsByKind], Iterator[str]] = _nothing
