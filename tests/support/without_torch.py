"""Support for runs without PyTorch: tests that need it are skipped with a message.

As a plugin (`-p tests.support.without_torch`), the module also hides an installed PyTorch from the run.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from typing import Any

import pytest

# These modules import PyTorch before any test runs, or damage the embedded model, which is a checkpoint.
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


REASON = "PyTorch is not installed"


def is_absent() -> bool:
    """Return True if PyTorch cannot be imported."""
    return find_spec("torch") is None


def pytest_configure() -> None:
    """Hide PyTorch, which this process must not have imported yet."""
    assert "torch" not in sys.modules
    # A None in sys.modules would hide it too, but SciPy looks PyTorch up there and would use that None.
    sys.meta_path[sys.meta_path.index(PathFinder)] = _Hiding()  # type: ignore[index]


class _Hiding:
    """A finder for all modules on the path except PyTorch."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return the spec of a module, or None for PyTorch and modules that do not exist."""
        return None if name.partition(".")[0] == "torch" else PathFinder.find_spec(name, path, target)

    def __getattr__(self, name: str) -> Any:
        """Return any other attribute of the standard finder, as metadata and caches need it."""
        return getattr(PathFinder, name)


class Skipper:
    """Plugin that skips a test if a fixture or the test itself imports PyTorch."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None]:
        """Skip the test if a fixture imports PyTorch."""
        return (yield from _skipping())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None]:
        """Skip the test if it imports PyTorch."""
        return (yield from _skipping())


def _skipping() -> Generator[None]:
    """Turn a failed import of PyTorch or torchmetrics into a skip."""
    try:
        return (yield)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"torch", "torchmetrics"}:
            raise
        pytest.skip(REASON)
