"""Runs the suite with an injected fault, as a user would, and reads which gates caught it.

Each run is a forked process of its own: a fault may change any code.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.mutations.fault import CORPUS, GATES, ROOT, UTTERANCES, Fault, Scratch, copy_store
from tests.support.forked import fork

_RESULTS, _FAILED, _OUTPUT = "results.json", "failed.json", "output.txt"


@dataclass(frozen=True)
class Catch:
    """Outcome of a run with a fault.

    Attributes:
        code: its exit code.
        verdicts: those that do not pass, as the results have them.
        tests: names of the tests that failed or broke.
        output: what it printed.
    """

    code: int
    verdicts: tuple[Mapping[str, Any], ...]
    tests: tuple[str, ...]
    output: str

    @property
    def gates(self) -> tuple[str, ...]:
        """Gates that did not pass, and tests that failed without a verdict, in the order of the run."""
        return tuple(dict.fromkeys([row["gate"] for row in self.verdicts] + list(self.tests)))

    def caught_by(self, gate: str) -> bool:
        """Return whether the run failed because of this gate or test; an undecided gate catches nothing."""
        failed = [row["gate"] for row in self.verdicts if row["status"] == "FAIL"]
        return self.code != 0 and gate in {*failed, *self.tests}

    def left_open_by(self, gate: str) -> bool:
        """Return whether the run failed and the gate is undecided."""
        return self.code != 0 and self.open(gate)

    def open(self, gate: str) -> bool:
        """Return whether the gate is undecided."""
        return any(row["gate"] == gate and row["status"] == "INCONCLUSIVE" for row in self.verdicts)

    def caught(self, fault: Fault) -> bool:
        """Return whether the run failed by the fault's gate, or was left open by it with the fault's words."""
        if not fault.undecided:
            return self.caught_by(fault.gate)
        rows = [row for row in self.verdicts if row["gate"] == fault.gate]
        return self.code != 0 and bool(rows) and all(fault.undecided in row["line"] for row in rows)

    def margin(self, gate: str) -> tuple[float | None, float] | None:
        """Return value and threshold of the gate's worst verdict; None for a test without a verdict.

        A value that is not finite is None.
        """
        failed = [row for row in self.verdicts if row["status"] == "FAIL"]
        rows = [(row["value"], row["threshold"]) for row in failed if row["gate"] == gate]
        return max(rows, key=lambda row: float("inf") if row[0] is None else abs(row[0] - row[1])) if rows else None


@dataclass
class _Failures:
    """A plugin that records failed tests."""

    names: list[str] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.names.append(report.nodeid.rpartition("::")[2].partition("[")[0])


def catch_fault(fault: Fault, *, warm: Path, keys: dict[str, list[str]], folder: Path) -> Catch:
    """Run the suite with a fault, and repeat it while its gate is undecided and attempts are left."""
    for attempt in range(fault.attempts):
        found = catch(fault, warm=warm, keys=keys, folder=folder / str(attempt))
        if not found.open(fault.gate):
            break
    return found


def catch(fault: Fault | None, *, warm: Path, keys: dict[str, list[str]], folder: Path) -> Catch:
    """Run the suite with a fault, or without one.

    Args:
        warm: the store of honest runs, copied for this one.
        keys: of the artifacts in it that the run needs, by kind.
        folder: for all that the run writes.
    """
    folder.mkdir(parents=True)
    return _read(fork(_run, fault, warm, keys, folder, output=folder / _OUTPUT), folder)


def _run(fault: Fault | None, warm: Path, keys: dict[str, list[str]], folder: Path) -> None:
    """Inject the fault, run the suite, and exit with its code."""
    os.chdir(ROOT)
    scratch = Scratch(folder, warm, [f"--corpus={CORPUS}", f"--limit={UTTERANCES}", "--precisions=int8"])
    copy_store(warm, keys, scratch.cache)
    tests: Sequence[str] = GATES
    if fault is not None:
        fault.inject(scratch)
        tests = fault.tests
    options = [
        "--assert=plain",
        "-p",
        "no:cacheprovider",
        f"--cache-dir={scratch.cache}",
        f"--results={folder / _RESULTS}",
        "--strict",  # an undecided ratio must give a code that is not 0
    ]
    failures = _Failures()
    code = pytest.main([*tests, *options, *scratch.options], plugins=[failures])
    (folder / _FAILED).write_text(json.dumps(failures.names))
    sys.exit(int(code))


def _read(code: int, folder: Path) -> Catch:
    output = (folder / _OUTPUT).read_text(errors="replace")
    try:
        rows = json.loads((folder / _RESULTS).read_text())["verdicts"]
        failed = json.loads((folder / _FAILED).read_text())
    except FileNotFoundError:
        return Catch(code, (), (), output)
    verdicts = tuple(row for row in rows if row["status"] != "PASS")
    gated = {row["test"].rpartition("::")[2].partition("[")[0] for row in verdicts}
    return Catch(code, verdicts, tuple(dict.fromkeys(name for name in failed if name not in gated)), output)
