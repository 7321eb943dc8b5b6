"""Test data that is built once for all workers of a session."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import filelock
import pytest

Made = TypeVar("Made")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Made]) -> Made:
    """Return an object that all workers of the session share, and build it in the first worker that calls.

    Args:
        factory: pytest's factory of temporary folders.
        name: name of the object and of its folder.
        make: builds the object in the folder that it receives.
    """
    base = factory.getbasetemp()
    shared = (base.parent if base.name.startswith("popen-") else base) / "shared"
    shared.mkdir(exist_ok=True)
    path = shared / f"{name}.pickle"
    with filelock.FileLock(shared / f"{name}.lock"):
        if not path.exists():
            (shared / name).mkdir()
            path.write_bytes(pickle.dumps(make(shared / name)))
    made: Made = pickle.loads(path.read_bytes())  # noqa: S301 - written by a worker of this session
    return made
