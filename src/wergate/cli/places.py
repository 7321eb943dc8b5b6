"""Folders that a command uses."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(named: str | None) -> Path:
    """Return the folder of the store: the named one, or `wergate` in the user's cache."""
    if named:
        return Path(named).expanduser().resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wergate"
