"""Processes forked from a server that has imported the slow libraries, so that runs of the suite start at once."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from unittest import mock

from fixtures import pytest_plugins

PATIENCE_S = 300  # time limit of a process, so that a hung one does not hang the tests
_ROOT = Path(__file__).parents[2]
_HEAVY = (
    *("openvino", "torchmetrics.text", "jiwer", "pandas", "scipy.stats", "pyarrow.parquet"),
    # what a build needs and a warm run does not: a second or two for each of the runs that build
    *("nncf", "transformers.models.data2vec.modeling_data2vec_audio", "safetensors.torch"),
    *("rich.console", "psutil", "hypothesis", *(plugin.module for plugin in entry_points(group="pytest11"))),
    *pytest_plugins,
)
_PLACES = os.pathsep.join(str(_ROOT / name) for name in ("", "src"))
# Variables that none of these modules reads at import.
_READ_LATER = ("COLUMNS", "GITHUB_STEP_SUMMARY", "PYTHONPATH", "WRONG_STREAMS")
_OF_LIBRARIES = ("PYTEST_", "KMP_")  # prefixes of variables that pytest and, at import, scikit-learn set


def environment() -> dict[str, str]:
    """Return this process's environment for a run: offline, with one thread, without variables that libraries set."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(_OF_LIBRARIES)}
    return inherited | {"HF_HUB_OFFLINE": "1", "COLUMNS": "200", "OMP_NUM_THREADS": "1"}


def can_fork(variables: Mapping[str, str]) -> bool:
    """Return True if a forked process can run with these environment variables."""
    # Some libraries read variables at import, and the server has imported them with its own variables.
    return _read_at_import(_server_environment()) == _read_at_import(variables)


def _read_at_import(variables: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in variables.items() if key not in _READ_LATER}


@cache
def _server_environment() -> Mapping[str, str]:
    """Start the server that all processes are forked from, and return its environment variables."""
    variables = environment()
    with mock.patch.dict(os.environ, variables | {"PYTHONPATH": _PLACES}, clear=True):
        _context().set_forkserver_preload(list(_HEAVY))
        forkserver.ensure_running()
    return variables


def _context() -> ForkServerContext:
    return multiprocessing.get_context("forkserver")


def fork(
    work: Callable[..., None], *arguments: object, output: Path, variables: Mapping[str, str] | None = None
) -> int:
    """Run a function in a forked process and return its exit code, which is negative if a signal killed it.

    Args:
        work: function of a module that the process can import.
        arguments: arguments of the function.
        output: file for standard output and standard error.
        variables: environment variables; None for `environment()`.
    """
    _server_environment()
    given = dict(environment() if variables is None else variables)
    process = _context().Process(target=_redirected, args=(output, given, work, arguments))
    process.start()
    process.join(PATIENCE_S)
    if process.exitcode is None:
        process.kill()
        process.join()
    assert process.exitcode is not None
    return process.exitcode


def _redirected(
    output: Path, variables: Mapping[str, str], work: Callable[..., None], arguments: tuple[object, ...]
) -> None:
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:0] = [place for place in variables.get("PYTHONPATH", "").split(os.pathsep) if place]
    gc.freeze()  # excludes the imported modules from pytest's five garbage collections, half a second each
    work(*arguments)
