"""Runs of the suite as a user would start them: in a separate process, with exit code, output and results."""

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
_QUIET = ("-p", "no:cacheprovider")  # a run leaves no files in the repository
_FORKED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # the parent process has already imported the plugins


@dataclass(frozen=True)
class Run:
    """A finished run; `results` is the content of its results file, or None without one."""

    code: int
    output: str
    results: dict[str, Any] | None

    @property
    def text(self) -> str:
        """The output in one line: sentences wrap at the width of the terminal."""
        return " ".join(self.output.split())

    @property
    def statuses(self) -> list[str]:
        """Status of each artifact, "built" or "found"."""
        assert self.results is not None, self.output
        return [row["status"] for row in self.results["artifacts"]]

    def built(self, kind: str) -> int:
        """Return the number of artifacts of one kind that were built."""
        assert self.results is not None, self.output
        return sum((row["kind"], row["status"]) == (kind, "built") for row in self.results["artifacts"])

    def gate(self, name: str, subject: str) -> list[dict[str, Any]]:
        """Return the verdicts of one gate on one precision."""
        assert self.results is not None, self.output
        return [row for row in self.results["verdicts"] if (row["gate"], row["subject"]) == (name, subject)]


@dataclass(frozen=True)
class Warm:
    """A cache directory that a complete run has filled, its suite file, and that run."""

    cache: Path
    suite: Path
    cold: Run

    def ir(self, variant: str) -> Path:
        """Return the folder of the IR that the run built; other tests may have built more."""
        assert self.cold.results is not None
        kind = f"{variant}-ir"
        (key,) = {row["key"] for row in self.cold.results["artifacts"] if row["kind"] == kind}
        return self.cache / kind / key[:32]


def command(tests: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return the command line of a run that leaves no files in the repository."""
    return [sys.executable, "-m", "pytest", *tests, *_QUIET, *options]


def start(tests: Sequence[str], *options: str, variables: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a run and return without waiting for its end."""
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
    """Wait for the end of a run."""
    output, _ = process.communicate(timeout=PATIENCE_S)
    return _finished(process.returncode, output, results)


def run(
    tests: Sequence[str], *options: str, results: Path | None = None, variables: Mapping[str, str] | None = None
) -> Run:
    """Run the suite to its end, in a forked process if its environment variables allow that.

    Args:
        tests: files or folders of tests.
        options: further options of pytest.
        results: path for the results file; None for no such file.
        variables: environment variables; None for `environment()`.
    """
    all_options = [*options, *(["--results", str(results)] if results else [])]
    environ = environment() if variables is None else variables
    if not can_fork(environ):
        return finish(start(tests, *all_options, variables=environ), results)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        code = fork(_main, [*tests, *_QUIET, *_FORKED, *all_options], output=output, variables=environ)
        return _finished(code, output.read_text(), results)


def _main(arguments: list[str]) -> None:
    os.chdir(ROOT)
    sys.exit(int(pytest.main(arguments)))


def _finished(code: int, output: str, results: Path | None) -> Run:
    content = json.loads(results.read_text()) if results is not None and results.exists() else None
    return Run(code, output, content)
