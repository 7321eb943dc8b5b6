"""Warnings of libraries are shown and decide nothing; a warning of wergate's own code fails the run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.suite_run import ROOT, Run, Warm, run

DRIVER = """
import warnings

warnings.warn("the driver is old, at its import", UserWarning)

def complain(place, category=UserWarning):
    warnings.warn(f"the driver is old, {place}", category)
"""
TESTS = """
import subprocess
import sys
import threading
import warnings
from pathlib import Path
import pytest
import old_driver
from wergate.verdict import Verdict

old_driver.complain("at collection")

@pytest.fixture
def device():
    old_driver.complain("before a test")
    yield
    old_driver.complain("after a test")

def test_more_warnings(device, check):
    for category in Warning.__subclasses__():
        old_driver.complain(f"as a {category.__name__}", category)
    warnings.warn_explicit("the driver is old, says its caller", FutureWarning, "session.py", 1, "wergate.session")
    check(Verdict("made_up", "INT8", 0.5, "<=", 1.0, "nothing", "fix it"))

def test_more_threads():
    thread = threading.Thread(target=old_driver.complain, args=("in a thread",))
    thread.start()
    thread.join()

def test_more_processes():
    folder = str(Path(__file__).parent)
    subprocess.run([sys.executable, "-c", "import old_driver"], check=True, cwd=folder)
"""
OURS = """
import threading
import types

def import_wergate():
    module = types.ModuleType("wergate.made_up")
    exec(compile({code!r}, "/somewhere/src/wergate/made_up.py", "exec"), vars(module))
    return module

"""
COMPLAINT = "import warnings\ndef complain():\n    warnings.warn('a defect of ours', {category})\n"
CATEGORIES = ("User", "Runtime", "Deprecation", "PendingDeprecation", "Future", "Import", "Bytes", "Unicode", "Syntax")
SHOWN = (
    *("at its import", "at collection", "before a test", "after a test", "in a thread", "says its caller"),
    *(f"as a {category}Warning" for category in CATEGORIES),
)


def run_of(folder: Path, tests: str, *options: str) -> Run:
    """Run made-up tests under the suite's own settings, with a made-up library."""
    (folder / "test_more.py").write_text(tests)
    (folder / "old_driver.py").write_text(DRIVER)
    elsewhere = ("-c", str(ROOT / "pytest.ini"), "--rootdir", str(ROOT), "--suite", str(ROOT / "suite.toml"))
    paths = ("-o", f"pythonpath={ROOT} {ROOT / 'src'} {folder}", "-k", "test_more")
    given = ["accuracy/test_graph.py", str(folder / "test_more.py")]
    return run(given, *elsewhere, *paths, *options, results=folder / "results.json")


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "workers"])
def test_warnings_of_libraries_decide_nothing(workers: tuple[str, ...], tmp_path: Path) -> None:
    """At import, at collection, around a test, in it, in a thread and in another process, of any category."""
    done = run_of(tmp_path, TESTS, *workers)
    assert 0 == done.code, done.output
    assert done.results is not None
    assert "PASS" == done.results["verdict"]
    assert [] == [place for place in SHOWN if f"the driver is old, {place}" not in done.output]


def test_the_gates_of_a_cold_run_give_no_warning(warm: Warm) -> None:
    """So a warning in the output is news."""
    assert "warnings summary" not in warm.cold.output


@dataclass(frozen=True)
class Own:
    """A warning of wergate's own code, by category and place."""

    id: str
    body: str
    category: str = "UserWarning"


OWN = (
    Own("in a test", "def test_more_defect():\n    import_wergate().complain()\n"),
    Own("in a test, of arithmetic", "def test_more_defect():\n    import_wergate().complain()\n", "RuntimeWarning"),
    Own("at collection", "import_wergate().complain()\ndef test_more_defect():\n    pass\n"),
    Own(
        "in a thread",
        "def test_more_defect():\n    thread = threading.Thread(target=import_wergate().complain)\n"
        "    thread.start()\n    thread.join()\n",
    ),
)


@pytest.mark.parametrize("own", OWN, ids=lambda own: own.id)
def test_a_warning_of_ours_fails_the_run(own: Own, tmp_path: Path) -> None:
    """A test that fails without a gate, or a file that cannot be collected."""
    code = COMPLAINT.format(category=own.category)
    done = run_of(tmp_path, OURS.format(code=code) + own.body)
    assert done.code not in {0, 10, 11, 12, 13}, done.output
    assert "a defect of ours" in done.output
