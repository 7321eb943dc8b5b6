"""The suite as a person starts it: a process of its own, its exit code, its output, its results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_PATIENCE_S = 300  # a hung process must not hang the tests; nothing is measured by it


@dataclass(frozen=True)
class Run:
    """What a finished run left behind."""

    code: int
    output: str
    results: dict[str, Any] | None

    @property
    def statuses(self) -> list[str]:
        """Whether each artifact was built or found."""
        assert self.results is not None, self.output
        return [row["status"] for row in self.results["artifacts"]]

    def built(self, kind: str) -> int:
        """Return how many artifacts of a kind were built."""
        assert self.results is not None, self.output
        return sum((row["kind"], row["status"]) == (kind, "built") for row in self.results["artifacts"])

    def gate(self, name: str, subject: str) -> list[dict[str, Any]]:
        """Return the verdicts of one gate on one precision."""
        assert self.results is not None, self.output
        return [row for row in self.results["verdicts"] if (row["gate"], row["subject"]) == (name, subject)]


@dataclass(frozen=True)
class Warm:
    """A cache that a whole run has filled, and that run."""

    cache: Path
    suite: Path
    cold: Run


def command(tests: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return the command line of a run that leaves nothing in the tree."""
    return [sys.executable, "-m", "pytest", *tests, "-p", "no:cacheprovider", *options]


def environment() -> dict[str, str]:
    """Return this process's environment without what a surrounding pytest put there, offline, one thread each."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return inherited | {"HF_HUB_OFFLINE": "1", "COLUMNS": "200", "OMP_NUM_THREADS": "1"}


def start(tests: Sequence[str], *options: str) -> subprocess.Popen[str]:
    """Start a run and return at once."""
    return subprocess.Popen(
        command(tests, options),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], results: Path | None = None) -> Run:
    """Wait for a run's end."""
    output, _ = process.communicate(timeout=_PATIENCE_S)
    found = json.loads(results.read_text()) if results is not None and results.exists() else None
    return Run(process.returncode, output, found)


def run(tests: Sequence[str], *options: str, results: Path | None = None) -> Run:
    """Run the suite to its end."""
    more = ["--results", str(results)] if results else []
    return finish(start(tests, *options, *more), results)
