"""The names that `wergate` gives: all of them, and none imported before it is used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import wergate


@pytest.mark.parametrize("name", wergate.__all__)
def test_a_public_name_is_there(name: str) -> None:
    """Each is the thing of its own module, under the name that it has there."""
    assert name == getattr(wergate, name).__name__
    assert name in dir(wergate)


def test_an_unknown_name_is_refused() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="module 'wergate' has no attribute 'Pipeline'"):
        _ = wergate.Pipeline


def test_importing_the_package_imports_no_module_of_it() -> None:
    """The warm start lives on that."""
    code = "import sys, wergate; print([name for name in sys.modules if name.startswith('wergate.')])"
    path = os.environ | {"PYTHONPATH": str(Path(wergate.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=path)
    assert "[]" == done.stdout.strip()
