"""The suite as a person runs it: a process of its own, its exit code, its output, its results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.forked import PATIENCE_S, can_fork, environment, fork

ROOT = Path(__file__).parents[2]
_QUIET = ("-p", "no:cacheprovider")  # nothing is left in the tree
_FORKED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # plugins have been imported before


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

    def ir(self, variant: str) -> Path:
        """Return the folder of the IR that the run built, whatever other tests have built beside it."""
        assert self.cold.results is not None
        kind = f"{variant}-ir"
        (key,) = {row["key"] for row in self.cold.results["artifacts"] if row["kind"] == kind}
        return self.cache / kind / key[:32]


def command(tests: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return the command line of a run that leaves nothing in the tree."""
    return [sys.executable, "-m", "pytest", *tests, *_QUIET, *options]


def start(tests: Sequence[str], *options: str, variables: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a run and return at once."""
    return subprocess.Popen(
        command(tests, options),
        cwd=ROOT,
        env=environment() if variables is None else variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], results: Path | None = None) -> Run:
    """Wait for a run's end."""
    output, _ = process.communicate(timeout=PATIENCE_S)
    return _finished(process.returncode, output, results)


def run(
    tests: Sequence[str], *options: str, results: Path | None = None, variables: Mapping[str, str] | None = None
) -> Run:
    """Run the suite to its end, in a forked process where the environment lets it."""
    given = [*options, *(["--results", str(results)] if results else [])]
    wanted = environment() if variables is None else variables
    if not can_fork(wanted):
        return finish(start(tests, *given, variables=wanted), results)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        code = fork(_main, [*tests, *_QUIET, *_FORKED, *given], output=output, variables=wanted)
        return _finished(code, output.read_text(), results)


def _main(arguments: list[str]) -> None:
    os.chdir(ROOT)
    sys.exit(int(pytest.main(arguments)))


def _finished(code: int, output: str, results: Path | None) -> Run:
    found = json.loads(results.read_text()) if results is not None and results.exists() else None
    return Run(code, output, found)
