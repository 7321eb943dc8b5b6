"""Run one of the suite's modules in a separate process that does nothing else: JSON request in, JSON answer out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel

import wergate
from wergate.errors import SuiteError
from wergate.steps import end_of, step


def run_module(module: str, request: BaseModel, *, task: str) -> str:
    """Run a module with a request on its standard input and return the last line that it prints.

    Args:
        module: dotted name of the module.
        request: serialized as JSON.
        task: name of the work, for the message about a process that died without output.

    Raises:
        SuiteError: the process failed; the message has the last line that it printed.
    """
    run = subprocess.run(  # noqa: S603 - a module of the suite, in this interpreter
        [sys.executable, "-m", module],
        input=request.model_dump_json(),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(wergate.__file__).parents[1])},
    )
    lines = (run.stderr if run.returncode else run.stdout).strip().splitlines()
    if run.returncode < 0 or not lines:
        raise SuiteError(
            f"the {task} in a separate process stopped: {end_of(run.returncode)}; free some memory, or need less of it "
            "(--limit N), and run again"
        )
    if run.returncode:
        raise SuiteError(lines[-1])
    return lines[-1]


def answer(task: str, work: Callable[[], BaseModel]) -> int:
    """Print the result of the work as the last line and return the exit code; what stops it is one line on its own.

    Args:
        task: name of the work in that line.
        work: does it.
    """
    try:
        with step(f"the {task} in a separate process"):
            found = work()
    except SuiteError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command prints
        return 1
    print(found.model_dump_json())  # noqa: T201
    return 0
