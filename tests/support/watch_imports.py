"""A pytest plugin for runs in a process of their own: writes the names of all modules that were imported."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Write them where WATCH_IMPORTS says."""
    Path(os.environ["WATCH_IMPORTS"]).write_text(json.dumps(sorted(sys.modules)))
