"""Calls of the command `wergate` as users make them: in a process of its own, from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.forked import PATIENCE_S, can_fork, environment, fork
from tests.support.suite_run import ROOT


@dataclass(frozen=True)
class Called:
    """A finished call; `output` has both streams."""

    code: int
    output: str

    @property
    def shown(self) -> str:
        """The call of pytest that the command has printed."""
        (line,) = [line for line in self.output.splitlines() if line.startswith("pytest ")]
        return line


def wergate(*arguments: object, cwd: Path, variables: Mapping[str, str] | None = None) -> Called:
    """Call the command of this tree, in a forked process if its environment variables allow that.

    Args:
        arguments: its arguments.
        cwd: the working folder.
        variables: further environment variables.
    """
    environ = environment() | {"PYTHONPATH": str(ROOT / "src")} | (variables or {})
    words = [str(argument) for argument in arguments]
    if not can_fork(environ):
        return _started(words, cwd, environ)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        code = fork(_main, words, str(cwd), output=output, variables=environ)
        return Called(code, output.read_text())


def _started(arguments: list[str], cwd: Path, environ: Mapping[str, str]) -> Called:
    done = subprocess.run(
        [sys.executable, "-m", "wergate.cli.main", *arguments],
        cwd=cwd,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Called(done.returncode, done.stdout)


def _main(arguments: list[str], cwd: str) -> None:
    from wergate.cli.main import main

    os.chdir(cwd)
    sys.exit(main(arguments))
