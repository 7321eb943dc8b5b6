"""Processes forked from one that has imported what takes seconds: runs of the suite start at once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from unittest import mock

_HEAVY = ["openvino", "torchmetrics.text", "jiwer", "pandas", "scipy.stats", "pyarrow.parquet", "pytest_benchmark"]
_PATIENCE_S = 300  # a hung process must not hang the tests; nothing is measured by it


def environment() -> dict[str, str]:
    """Return this process's environment without what a surrounding pytest put there, offline, one thread each."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return inherited | {"HF_HUB_OFFLINE": "1", "COLUMNS": "200", "OMP_NUM_THREADS": "1"}


def can_fork() -> bool:
    """Tell whether a forked process would be one of this environment: some libraries read it when they are imported."""
    return _server_environment() == environment()


@cache
def _server_environment() -> Mapping[str, str]:
    """Start the process that all others are forked from, and return its environment."""
    found = environment()
    with mock.patch.dict(os.environ, found, clear=True):
        _context().set_forkserver_preload(_HEAVY)
        forkserver.ensure_running()
    return found


def _context() -> ForkServerContext:
    return multiprocessing.get_context("forkserver")


def fork(work: Callable[..., None], *arguments: object, output: Path) -> int:
    """Run a function in a process of its own and return its exit code; a killed one's is negative.

    Args:
        work: of a module that the process can import.
        output: where its output goes, standard error too.
    """
    _server_environment()
    process = _context().Process(target=_redirected, args=(output, work, arguments))
    process.start()
    process.join(_PATIENCE_S)
    if process.exitcode is None:
        process.kill()
        process.join()
    assert process.exitcode is not None
    return process.exitcode


def _redirected(output: Path, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    work(*arguments)
