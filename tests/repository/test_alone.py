"""The marker `alone`: while a test with it runs, the other workers run nothing."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

from tests.support.forked import PATIENCE_S, environment
from tests.support.suite_run import ROOT

MODULE = """
import json
import time
from pathlib import Path

import pytest


@pytest.fixture(scope="module", params=range(6))
def measured(request):
    began = time.monotonic()
    sum(range(1_000_000))
    yield began
    sum(range(1_000_000))


def record(name, began):
    sum(range(1_000_000))
    (Path(__file__).parent / f"{name}.json").write_text(json.dumps([began, time.monotonic()]))


@pytest.mark.alone
@pytest.mark.parametrize("number", range(3))
def test_alone(number):
    record(f"alone-{number}", time.monotonic())


@pytest.mark.parametrize("number", range(2))
def test_other(number, measured, request):
    record(f"other-{request.node.name}", measured if number == 0 else time.monotonic())
"""


def test_nothing_runs_while_a_test_is_alone(tmp_path: Path) -> None:
    """Three workers run neither another test nor the set-up of one."""
    (tmp_path / "test_module.py").write_text(MODULE)
    plugins = ("-p", "no:cacheprovider", "-p", "tests.support.alone", "-n", "3")
    places = ("-c", str(ROOT / "pytest.ini"), "--rootdir", str(ROOT), f"--basetemp={tmp_path / 'base'}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(tmp_path / "test_module.py"), *plugins, *places],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert "15 passed" in done.stdout, done.stdout + done.stderr
    spans = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    assert 15 == len(spans)
    for (one, (began, ended)), (other, (later, last)) in itertools.combinations(sorted(spans.items()), 2):
        if "alone" in one + other:
            assert ended <= later or last <= began, (one, other)
