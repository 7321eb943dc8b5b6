"""Run a module of ours in a process that does nothing else: a JSON request in, a JSON answer out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel

import wergate
from wergate.errors import SuiteError


def run_module(module: str, request: BaseModel, *, task: str) -> str:
    """Return the last line that a module prints, run with a request on its standard input.

    Args:
        task: names the work in the message of a process that was killed.

    Raises:
        SuiteError: the process failed; its last line says why.
    """
    run = subprocess.run(  # noqa: S603 - our own module, in our own interpreter
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
