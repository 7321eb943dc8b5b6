"""The table of hostile inputs in the documentation is that of the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_is_current() -> None:
    """The command finds no difference."""
    script = ROOT / "docs" / "development" / "security.py"
    done = subprocess.run([sys.executable, "-B", str(script)], cwd="/", capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
