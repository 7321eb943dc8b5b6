"""Run one of the suite's modules in a separate process that does nothing else: JSON request in, JSON answer out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel

import wergate
from wergate.errors import SuiteError


def run_module(module: str, request: BaseModel, *, task: str) -> str:
    """Run a module with a request on its standard input and return the last line that it prints.

    Args:
        module: dotted name of the module.
        request: serialized as JSON.
        task: name of the work, for the message about a process that died without output.

    Raises:
        SuiteError: the process failed; the message is the last line that it printed.
    """
    run = subprocess.run(  # noqa: S603 - a module of the suite, in this interpreter
        [sys.executable, "-m", module],
        input=request.model_dump_json(),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(wergate.__file__).parents[1])},
    )
    if run.returncode:
        raise SuiteError((run.stderr.strip().splitlines() or [f"the {task} was killed"])[-1])
    return run.stdout.splitlines()[-1]
