"""The registry of studies. A new study is a folder with a `declaration.py`, and one line here."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from wergate.errors import SuiteError, did_you_mean
from wergate.studies.base import Study

if TYPE_CHECKING:
    from rich.table import Table

_FOLDERS = (  # in the order in which their tables are printed
    "calibration",
    "pot",
    "portability",
    "sensitivity",
    "quantizers",
    "peers",
    "growth",
    "throughput",
    "benchmark_app",
    "latency_verdicts",
    "corpus_memory",
    "duel",
)
STUDIES: tuple[Study, ...] = tuple(import_module(f"wergate.studies.{folder}.declaration").STUDY for folder in _FOLDERS)


def studies_called(names: Iterable[str]) -> tuple[Study, ...]:
    """Return the studies with these names, without repetitions.

    Raises:
        SuiteError: no study has one of the names.
    """
    known = {study.name: study for study in STUDIES}
    wanted = tuple(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            raise SuiteError(
                f"unknown study '{name}'{did_you_mean(name, known)}; "
                f"accepted: {', '.join(known)}; --study list describes each of them"
            )
    return tuple(known[name] for name in wanted)


def study_table() -> Table:
    """Return all studies as a table: name, question, approximate minutes, folder of the tests."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("study", no_wrap=True)
    table.add_column("question")
    table.add_column("minutes", justify="right")
    table.add_column("tests in", no_wrap=True)
    for study in STUDIES:
        table.add_row(study.name, study.question, str(study.minutes), f"{study.where.partition('/')[0]}/")
    return table
