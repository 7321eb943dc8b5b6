"""Calls of the command `wergate` as users make them: in a process of its own, from any folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.forked import PATIENCE_S, environment
from tests.support.suite_run import ROOT


@dataclass(frozen=True)
class Called:
    """A finished call."""

    code: int
    out: str
    err: str

    @property
    def output(self) -> str:
        """Both streams, for the messages of assertions."""
        return f"{self.out}\n{self.err}"

    @property
    def shown(self) -> str:
        """The call of pytest that the command has printed."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("pytest ")]
        return line


def wergate(*arguments: object, cwd: Path, variables: Mapping[str, str] | None = None) -> Called:
    """Call the command of this tree.

    Args:
        arguments: its arguments.
        cwd: the working folder.
        variables: further environment variables.
    """
    environ = environment() | {"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"} | (variables or {})
    done = subprocess.run(
        [sys.executable, "-m", "wergate.cli.main", *map(str, arguments)],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Called(done.returncode, done.stdout, done.stderr)
