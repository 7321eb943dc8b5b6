"""The public names of `wergate`: each exists, and none is imported before its first use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import wergate


@pytest.mark.parametrize("name", wergate.__all__)
def test_a_public_name_exists(name: str) -> None:
    """Each public name is the object of that name in its own module."""
    assert name == getattr(wergate, name).__name__
    assert name in dir(wergate)


def test_an_unknown_name_is_refused() -> None:
    """An unknown name raises the usual AttributeError."""
    with pytest.raises(AttributeError, match="module 'wergate' has no attribute 'Pipeline'"):
        _ = wergate.Pipeline


def test_importing_the_package_imports_none_of_its_modules() -> None:
    """A fast start of a run depends on this."""
    code = "import sys, wergate; print([name for name in sys.modules if name.startswith('wergate.')])"
    path = os.environ | {"PYTHONPATH": str(Path(wergate.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=path)
    assert "[]" == done.stdout.strip()
