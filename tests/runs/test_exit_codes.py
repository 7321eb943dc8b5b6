"""The exit code: accuracy, latency, undecided, set-up, or a test that failed without a gate."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.impossible import impossible
from tests.support.suite_run import ROOT, Run, Warm, finish, run, start
from wergate.report.exit_code import MEANING, Cause, cause_of, exit_code, status_of
from wergate.verdict import Status

ELSEWHERE = ("-c", str(ROOT / "pytest.ini"), "--rootdir", str(ROOT), "--import-mode", "importlib", "-k", "test_more")
GATES = """
import pytest
from wergate.errors import SuiteError
from wergate.verdict import Verdict

def verdict(kind, value, undecided=""):
    return Verdict("made_up", "INT8", value, "<=", 1.0, "nothing", "fix it", kind=kind, undecided=undecided)

"""
ACCURACY = "def test_more_accuracy(check):\n    check(verdict('accuracy', 2.0))\n"
LATENCY = "def test_more_latency(check):\n    check(verdict('accuracy', 0.5), verdict('latency', 2.0))\n"
OPEN = "def test_more_open(check):\n    check(verdict('accuracy', 0.5, undecided='900 more words would'))\n"
CRASH = "def test_more_crash():\n    raise ValueError('nobody expected this')\n"
MISTAKE = "def test_more_mistake():\n    raise SuiteError('the made-up corpus is gone; restore it')\n"
PASSING = "def test_more_passing(check):\n    check(verdict('latency', 0.5))\n"
OPEN_CRASH = OPEN + "    raise ValueError('nobody expected this')\n"
OPEN_LATENCY = "def test_more_undecided(check):\n    check(verdict('latency', 0.5, undecided='run it again'))\n"
LATE_CRASH = """
@pytest.fixture
def falling():
    yield
    raise ValueError("too late")

def test_more_late(falling, check):
    check(verdict("latency", 2.0))
"""


def run_of(folder: Path, tests: str, *options: str) -> Run:
    """Run made-up tests under the suite's own fixtures."""
    (folder / "test_more.py").write_text(GATES + tests)
    given = ("--suite", str(ROOT / "suite.toml"), *ELSEWHERE, *options)
    return run(["accuracy/test_graph.py", str(folder / "test_more.py")], *given, results=folder / "results.json")


@dataclass(frozen=True)
class Case:
    """Tests, and the code and verdict that a run of them ends with."""

    id: str
    tests: str
    code: int
    verdict: str = "FAIL"


CASES = (
    Case("nothing fails", PASSING, 0, "PASS"),
    Case("accuracy", ACCURACY + PASSING, 10),
    Case("latency", LATENCY + PASSING, 11),
    Case("inconclusive", OPEN + PASSING, 12, "INCONCLUSIVE"),
    Case("undecided latency", OPEN_LATENCY + PASSING, 0, "INCONCLUSIVE"),
    Case("undecided accuracy and latency", OPEN_LATENCY + OPEN, 12, "INCONCLUSIVE"),
    Case("a failure with undecided latency", OPEN_LATENCY + LATENCY, 11),
    Case("a mistake in the set-up", PASSING + MISTAKE, 13),
    Case("a failure that no gate made", CRASH + PASSING, 1),
    Case("several at once", OPEN + LATENCY + ACCURACY, 10),
    Case("a teardown that no gate explains", LATE_CRASH, 1),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_run_ends_with_the_code_of_its_causes(case: Case, tmp_path: Path) -> None:
    """The process ends with the code, and the results hold the verdict that goes with it."""
    done = run_of(tmp_path, case.tests)
    assert done.results is not None, done.output
    assert (case.code, case.verdict) == (done.code, done.results["verdict"]), done.output


WITH_WORKERS = ("inconclusive", "undecided latency", "a mistake in the set-up", "a failure that no gate made")


@pytest.mark.parametrize("case", [case for case in CASES if case.id in WITH_WORKERS], ids=lambda case: case.id)
def test_workers_change_no_code(case: Case, tmp_path: Path) -> None:
    """With xdist the controller receives everything from its workers."""
    done = run_of(tmp_path, case.tests, "-n", "2")
    assert done.results is not None, done.output
    assert (case.code, case.verdict) == (done.code, done.results["verdict"]), done.output


def test_strict_is_about_latency_and_allow_inconclusive_about_accuracy(tmp_path: Path) -> None:
    """Each option changes the exit code for its own kind of gate; the verdict is INCONCLUSIVE either way."""
    found = [
        run_of(tmp_path, tests, *options)
        for tests, options in (
            (OPEN_LATENCY, ("--strict",)),
            (OPEN_LATENCY, ("--strict", "--allow-inconclusive")),
            (OPEN, ("--strict", "--allow-inconclusive")),
        )
    ]
    assert [12, 12, 0] == [done.code for done in found], found[0].output
    assert {"INCONCLUSIVE"} == {done.results["verdict"] for done in found}


def test_every_report_calls_an_undecided_run_inconclusive(tmp_path: Path) -> None:
    """Terminal, summary, badge and JUnit agree with the results, with exit code 0."""
    files = {name: tmp_path / name for name in ("summary.md", "badge.json", "junit.xml")}
    asked = (f"--summary={files['summary.md']}", f"--badge={files['badge.json']}", f"--junitxml={files['junit.xml']}")
    done = run_of(tmp_path, OPEN_LATENCY + PASSING, *asked)
    assert (0, "INCONCLUSIVE") == (done.code, done.results["verdict"]), done.output
    assert files["summary.md"].read_text().startswith("## wergate: INCONCLUSIVE\n\nno gate failed, but")
    assert ["inconclusive", "yellow"] == [
        json.loads(files["badge.json"].read_text())[key] for key in ("message", "color")
    ]
    for name, value in (("verdict", "INCONCLUSIVE"), ("exit_code", "0")):
        assert f'<property name="{name}" value="{value}"' in files["junit.xml"].read_text()


def test_what_may_stay_open_explains_no_failure(tmp_path: Path) -> None:
    """A test that crashes after an accepted undecided verdict counts as a crash."""
    allowed = run_of(tmp_path, OPEN + PASSING, "--allow-inconclusive")
    crashed = run_of(tmp_path, OPEN_CRASH, "--allow-inconclusive")
    assert (0, 1) == (allowed.code, crashed.code), crashed.output


def test_the_shipped_gates_end_with_their_code(warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real model that loses too many words gives the code of accuracy."""
    plugin = impossible(monkeypatch, tmp_path, wer_drop_max=-9.0)
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "-n", "2", *plugin)
    done = finish(start(["accuracy/test_wer.py"], *given))
    assert 10 == done.code, done.output


def test_a_mistake_before_there_is_a_session_has_the_same_code(tmp_path: Path) -> None:
    """A mistake in options has the same exit code as one found during the run."""
    done = run(["accuracy/test_wer.py"], "--suite", str(tmp_path / "absent.toml"))
    assert 13 == done.code, done.output
    assert done.output.startswith("ERROR: suite file '")
    assert 4 == run(["accuracy/test_wer.py"], "--limit", "few").code  # pytest's own parser's


def test_progress_bars_bury_no_mistake(tmp_path: Path) -> None:
    """The standard error of libraries is left out where a line says what is wrong, and stays elsewhere."""
    bar = "import sys\ndef bar():\n    sys.stderr.write('Loading weights: 100%\\n')\n\n"
    for tests, shown in ((MISTAKE, False), (ACCURACY, False), (CRASH, True)):
        done = run_of(tmp_path, bar + tests.replace(":\n    ", ":\n    bar()\n    "), "--details")
        assert shown == ("Loading weights" in done.output), done.output


def test_no_test_is_no_verdict(tmp_path: Path) -> None:
    """pytest's own codes keep their meaning."""
    done = run_of(tmp_path, "")
    assert 5 == done.code, done.output


def test_what_cannot_be_written_at_the_end_hides_no_verdict(tmp_path: Path) -> None:
    """An unwritable results file is one line; exit code 0 becomes 13, and other codes stay."""
    taken = f"import pathlib\ndef test_more_taken():\n    pathlib.Path({str(tmp_path)!r}, 'results.json').mkdir()\n"
    passing, failing = tmp_path / "passing", tmp_path / "failing"
    for folder, code, tests in ((passing, 13, PASSING), (failing, 11, LATENCY)):
        folder.mkdir()
        done = run_of_unwritable(folder, taken.replace(str(tmp_path), str(folder)) + tests)
        assert code == done.code, done.output
        (line,) = [line for line in done.output.splitlines() if line.startswith("ERROR: results file '")]
        assert line.endswith("correct --results")
        assert "Traceback" not in done.output
        assert "; gates: " in done.output


def run_of_unwritable(folder: Path, tests: str) -> Run:
    """Run tests, one of which creates a folder in place of the results file."""
    (folder / "test_more.py").write_text(GATES + tests)
    given = ("--suite", str(ROOT / "suite.toml"), *ELSEWHERE, "--results", str(folder / "results.json"))
    return run(["accuracy/test_graph.py", str(folder / "test_more.py")], *given)


def test_a_worse_cause_never_hides_behind_a_better_one() -> None:
    """Of several causes the most serious one decides; a pipeline that tolerates 12 tolerates nothing else."""
    order = (Cause.SETUP, Cause.UNEXPLAINED, Cause.ACCURACY, Cause.LATENCY, Cause.INCONCLUSIVE)
    for first, second in itertools.combinations(order, 2):
        assert first == exit_code(1, {second, first})


@pytest.mark.parametrize("code", [2, 3, 4, 5, 6])
def test_a_run_without_an_end_has_no_verdict(code: int) -> None:
    """An interrupted or broken run keeps the code of pytest: its verdicts are incomplete."""
    assert code == exit_code(code, {Cause.ACCURACY, Cause.UNEXPLAINED})
    assert (Status.FAIL, True) == (status_of(code), code in MEANING)


def test_a_mistake_that_ended_the_workers_is_no_interruption() -> None:
    """A mistake overrides code 2, which pytest-xdist reports if a worker stops, but not an internal error."""
    assert (13, 13, 3) == tuple(exit_code(code, {Cause.SETUP}) for code in (2, 1, 3))


def test_every_verdict_has_a_cause() -> None:
    """A failed verdict by its kind, an undecided one by its status."""
    found = [
        cause_of(status, kind) for status in (Status.FAIL, Status.INCONCLUSIVE) for kind in ("accuracy", "latency")
    ]
    assert [Cause.ACCURACY, Cause.LATENCY, Cause.INCONCLUSIVE, Cause.INCONCLUSIVE] == found


def test_a_wrong_path_of_a_test_is_one_line() -> None:
    """Pytest's own message and exit code, without an internal error."""
    done = run(["accuracy/test_wers.py"])
    assert 4 == done.code, done.output
    assert "ERROR: file or directory not found: accuracy/test_wers.py" in done.output
    assert "INTERNALERROR" not in done.output
