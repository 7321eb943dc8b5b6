"""What is made once for all workers of a session."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import filelock
import pytest

Made = TypeVar("Made")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Made]) -> Made:
    """Make something in a folder that all workers of the session share; the first that asks makes it."""
    base = factory.getbasetemp()
    shared = (base.parent if base.name.startswith("popen-") else base) / "shared"
    shared.mkdir(exist_ok=True)
    made = shared / f"{name}.pickle"
    with filelock.FileLock(shared / f"{name}.lock"):
        if not made.exists():
            (shared / name).mkdir()
            made.write_bytes(pickle.dumps(make(shared / name)))
    found: Made = pickle.loads(made.read_bytes())  # noqa: S301 - written by a worker of this session
    return found
