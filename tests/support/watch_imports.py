"""A pytest plugin for runs in a separate process: writes the names of all imported modules to a file."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Write the names as JSON to the file that the variable WATCH_IMPORTS names."""
    Path(os.environ["WATCH_IMPORTS"]).write_text(json.dumps(sorted(sys.modules)))
