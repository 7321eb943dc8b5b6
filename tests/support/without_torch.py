"""Runs the tests where PyTorch is absent: a test that needs it is skipped with a line that says so.

As a plugin (`-p tests.support.without_torch`) it also hides an installed PyTorch from the run.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from typing import Any

import pytest

# they import PyTorch before any test runs, or damage the embedded model, which is a checkpoint
MODULES = (
    "config/test_tutorial.py",
    "models/test_checkpoint.py",
    "models/test_languages.py",
    "mutations/test_mutations.py",
    "networks/test_architectures.py",
    "networks/test_frontend.py",
    "repository/test_recipe.py",
    "runs/test_wrong_input.py",
)


def is_absent() -> bool:
    """Return whether PyTorch cannot be imported."""
    return find_spec("torch") is None


def pytest_configure() -> None:
    """Hide PyTorch; this process has not imported it yet."""
    assert "torch" not in sys.modules
    # no None in sys.modules: SciPy takes what is there for the package
    sys.meta_path[sys.meta_path.index(PathFinder)] = _Hiding()  # type: ignore[index]


class _Hiding:
    """Finds every module of the path except PyTorch's."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return the place of a module."""
        return None if name.partition(".")[0] == "torch" else PathFinder.find_spec(name, path, target)

    def __getattr__(self, name: str) -> Any:
        """Return what metadata and caches ask the finder for."""
        return getattr(PathFinder, name)


class Skipper:
    """Skips tests that import PyTorch, in a fixture or in their own lines."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None]:
        """See `_skipping`."""
        return (yield from _skipping())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None]:
        """See `_skipping`."""
        return (yield from _skipping())


def _skipping() -> Generator[None]:
    try:
        return (yield)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"torch", "torchmetrics"}:
            raise
        pytest.skip("PyTorch is not installed")
