"""The gates run in the suite of another project, whose settings for pytest would stop ours."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.forked import PATIENCE_S, environment
from tests.support.suite_run import ROOT, Warm
from tests.support.tiny import Tiny
from wergate import testing
from wergate.errors import SuiteError
from wergate.gates.names import ACCURACY_GATES
from wergate.testing import parametrize_with_gates

PAGE = (ROOT / "docs" / "guides" / "own-suite.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
HOSTILE = """
[tool.pytest.ini_options]
addopts = "-p no:cacheprovider --strict-markers"
filterwarnings = ["error"]
xfail_strict = false
"""
CONFTEST = """
def pytest_addoption(parser):
    parser.addoption("--model", default="theirs")
    parser.addoption("--limit", default="theirs")
"""
OWN = """

def test_options_stay_theirs(pytestconfig):
    assert ("theirs", "theirs") == (pytestconfig.option.model, pytestconfig.option.limit)
"""
LINE = re.compile(r"^tests/test_wer\.py::(\S+) (\w+)", flags=re.MULTILINE)


def repository(folder: Path, code: str) -> Path:
    """Write the repository of another project with one test file."""
    (folder / "tests").mkdir()
    (folder / "pyproject.toml").write_text(HOSTILE)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "tests" / "test_wer.py").write_text(code + OWN)
    return folder


def outcomes(folder: Path, *options: str) -> tuple[dict[str, str], str]:
    """Run the project's own pytest; return the outcome of each test, and the output."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests", "-v", "-rxX", *options],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return {name.partition("[")[2].rstrip("]") or name: how for name, how in LINE.findall(done.stdout)}, done.stdout


def example(tiny: Tiny, *options: str) -> str:
    """Return the example of the page, on the tiny model."""
    code = EXAMPLE.replace("models/asr", str(tiny.model)).replace("data/test.parquet", str(tiny.corpus))
    assert code.count(str(tiny.model)) == code.count(str(tiny.corpus)) == 1
    return code.replace("    expected_failures", f"    options={list(options)!r},\n    expected_failures")


def test_the_example_of_the_page_runs(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """Each gate is a test, an expected failure is one, and the project's own options are its own."""
    suite = tiny.suite(tmp_path / "strict.toml", thresholds__int8__sqnr_db_min="200.0")
    code = example(tiny, f"--suite={suite}", f"--cache-dir={own_warm.cache}")
    found, output = outcomes(repository(tmp_path, code))
    assert {"run", *ACCURACY_GATES, "test_options_stay_theirs"} == set(found), output
    assert {"PASSED"} == {found[name] for name in ("run", "wer", "graph_differs", "test_options_stay_theirs")}, output
    assert "XFAIL" == found["sqnr_db"]
    assert "issue 12: the first layer clips" in output
    assert set() == set(found.values()) - {"PASSED", "SKIPPED", "XFAIL"}, output
    written = {path.name for path in tmp_path.iterdir()} - {".benchmarks"}  # of the project's own pytest-benchmark
    assert {"conftest.py", "pyproject.toml", "strict.toml", "tests"} == written - {"__pycache__"}


def test_a_gate_that_fails_shows_its_line(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """And an expected failure that passes is a failure, although the project's xfail is not strict."""
    suite = tiny.suite(tmp_path / "strict.toml", thresholds__fp16__sqnr_db_min="200.0")
    code = example(tiny, f"--suite={suite}", f"--cache-dir={own_warm.cache}", "--precisions=fp16")
    found, output = outcomes(repository(tmp_path, code.replace('"sqnr_db": ', '"wer": ')), "-k", "sqnr_db or wer")
    assert ("FAILED", "FAILED") == (found["sqnr_db"], found["wer"]), output
    assert re.search(r"FP16 sqnr_db=[\d.]+, but should be >= 200", output), output
    assert "[XPASS(strict)] issue 12" in output


def test_a_broken_set_up_fails_one_test(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """With the line that says how to fix it; gates without a verdict are skipped."""
    code = example(tiny, "--suite=none.toml", f"--cache-dir={own_warm.cache}").replace('"sqnr_db"', '"int8_work"')
    found, output = outcomes(repository(tmp_path, code), "-k", "run or wer")
    assert ("FAILED", "SKIPPED") == (found["run"], found["wer"]), output
    assert "ERROR: suite file 'none.toml' cannot be read" in output
    assert "exit code 13" in output


@pytest.mark.parametrize(
    ("expected", "said"),
    [({"sqnr": "noise"}, "did you mean 'sqnr_db'?"), ({"wer": " "}, "no reason for the gate 'wer'")],
)
def test_an_expectation_is_of_a_gate_and_has_a_reason(expected: dict[str, str], said: str) -> None:
    """Before anything runs."""
    with pytest.raises(SuiteError, match=re.escape(said)):
        parametrize_with_gates(model="embedded", corpus="embedded", expected_failures=expected)


def test_workers_share_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of one session run pytest with the same identifier; each has its own memory."""
    made: list[testing._Call] = []

    def make(call: testing._Call) -> testing._Outcome:
        made.append(call)
        return testing._Outcome(
            0, "output", [{"gate": "wer", "status": "PASS", "line": "fine"}], accepts_undecided=False
        )

    monkeypatch.setattr(testing, "_made", make)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "one")
    call = testing._Call("embedded", ("embedded",), ())
    outcomes_found = []
    for _ in range(2):
        testing._outcome.cache_clear()
        outcomes_found.append(testing._outcome(call))
    testing._outcome.cache_clear()
    assert [call] == made
    assert outcomes_found[0] == outcomes_found[1] == make(call)
