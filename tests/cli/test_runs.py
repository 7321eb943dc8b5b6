"""Runs of the command on a tiny model: the suite's settings, whatever folder and variables they start in."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import Called, wergate
from tests.support.forked import environment
from tests.support.suite_run import Warm
from tests.support.tiny import Tiny

FEW = ("--", "-k", "test_wer_stays or test_no_utterance")
HOSTILE = """
[tool.pytest.ini_options]
addopts = "--no-such-option"
filterwarnings = ["error"]
"""
CONFTEST = "def pytest_addoption(parser):\n    parser.addoption('--model')\n"


def given(warm: Warm) -> tuple[str, ...]:
    """Return the options of a run that finds all of its models in the store."""
    return ("--suite", str(warm.suite), "--cache-dir", str(warm.cache))


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """The folder of another project, whose settings for pytest and whose options would stop the suite."""
    folder = tmp_path / "foreign"
    (folder / "tests").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(HOSTILE)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "tests" / "test_wer.py").write_text("def test_wer():\n    assert False\n")
    return folder


def files(folder: Path) -> set[str]:
    """Return the files of a folder, by relative path."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def checked(own_warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> tuple[Called, Path]:
    """A complete run from an empty folder, and that folder."""
    folder = tmp_path_factory.mktemp("empty")
    return wergate("check", *given(own_warm), "--results", "results.json", cwd=folder), folder


def test_a_check_passes_and_leaves_nothing_behind(checked: tuple[Called, Path]) -> None:
    """All gates run, and the folder holds the requested file alone."""
    called, folder = checked
    assert 0 == called.code, called.output
    assert "PASS: " in called.output
    assert {"results.json"} == files(folder)


def test_a_run_adds_itself_to_a_history(own_warm: Warm, tmp_path: Path) -> None:
    """As one file, which `wergate history` reads; a run that only collects adds none."""
    for more in ((), ("--collect-only",)):
        called = wergate("check", *given(own_warm), "--history", "kept", *FEW, *more, cwd=tmp_path)
        assert 0 == called.code, called.output
        assert 1 == len(files(tmp_path)), called.output
    shown = wergate("history", "kept", cwd=tmp_path)
    assert 0 == shown.code, shown.output
    assert "1 run, " in shown.output
    assert "WER of int8 on " in shown.output


def test_a_history_that_is_a_file_is_refused(own_warm: Warm, tmp_path: Path) -> None:
    """Before the run starts, in one line."""
    (tmp_path / "kept").write_text("")
    called = wergate("check", *given(own_warm), "--history", "kept", *FEW, cwd=tmp_path)
    assert 13 == called.code, called.output
    assert "history folder 'kept' is a file; name a folder with --history DIR" in called.output


def test_the_ids_are_those_of_a_checkout(checked: tuple[Called, Path]) -> None:
    """Baselines and reports name tests by them."""
    text = (checked[1] / "results.json").read_text()
    assert '"accuracy/test_wer.py::test_wer_stays_within_tolerance[' in text
    lines = checked[0].output.splitlines()
    assert [] == [line for line in lines if "../" in line and "/accuracy/" in line]
    assert [] != [line for line in lines if line.startswith("accuracy/test_wer.py ")]


def test_the_printed_call_can_be_repeated(checked: tuple[Called, Path], own_warm: Warm, tmp_path: Path) -> None:
    """Pasted into a shell, it makes the same run."""
    del checked
    called = wergate("check", *given(own_warm), *FEW, cwd=tmp_path)
    assert 0 == called.code, called.output
    words = shlex.split(called.shown)
    assert "pytest" == words[0]
    assert list(FEW[1:]) == words[-2:]
    done = subprocess.run(
        ["bash", "-c", called.shown],  # noqa: S607 - a shell of the machine
        cwd=tmp_path,
        env=environment() | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout
    assert ["passed" in line for line in called.output.splitlines()[-1:]] == ["passed" in done.stdout.splitlines()[-1]]


def test_another_project_reaches_no_run(foreign: Path, own_warm: Warm) -> None:
    """Its settings, its conftest, its tests and its variables for pytest are none of the suite's."""
    before = files(foreign)
    variables = {"PYTEST_ADDOPTS": "--no-such-option", "PYTEST_PLUGINS": "no_such_plugin"}
    called = wergate("check", *given(own_warm), *FEW, cwd=foreign, variables=variables)
    assert 0 == called.code, called.output
    assert before == files(foreign)


def test_a_failed_gate_is_named_as_in_a_checkout(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """With pytest's exit code, and ids without the way to the suite's folder."""
    suite = tiny.suite(tmp_path / "strict.toml", thresholds__int8__sqnr_db_min="200.0")
    options = ("--suite", suite, "--cache-dir", own_warm.cache, "--precisions", "int8")
    called = wergate("check", *options, "--", "-k", "test_sqnr or test_logits", "-rf", cwd=tmp_path)
    assert 10 == called.code, called.output
    assert "FAIL INT8 sqnr_db=" in called.output
    assert [] == [line for line in called.output.splitlines() if line.startswith("FAILED ..")]


def test_workers_run_the_suite(own_warm: Warm, tmp_path: Path) -> None:
    """`-n 2` behind `--`, as in a checkout."""
    called = wergate("check", *given(own_warm), *FEW, "-n", "2", cwd=tmp_path)
    assert 0 == called.code, called.output
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["check", "bench"])
def test_a_mistyped_model_names_the_nearest(command: str, own_warm: Warm, tmp_path: Path) -> None:
    """In one line, with the code of a broken set-up."""
    (tmp_path / "checkpoint").mkdir()
    called = wergate(command, "chekpoint", *given(own_warm), cwd=tmp_path)
    assert 13 == called.code, called.output
    assert "model 'chekpoint'" in called.output
    assert "did you mean 'checkpoint'?" in called.output
    assert "Traceback" not in called.output


def test_an_export_is_written_and_verified(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """A file that was changed afterwards differs."""
    options = ("--suite", own_warm.suite, "--cache-dir", own_warm.cache, "--precisions", "fp16")
    called = wergate("export", "passed", tiny.model, *options, cwd=tmp_path)
    assert 0 == called.code, called.output
    (folder,) = (tmp_path / "passed").iterdir()
    assert 0 == wergate("verify", folder, cwd=tmp_path).code
    (folder / "openvino_model.bin").write_bytes(b"other")
    differs = wergate("verify", folder, cwd=tmp_path)
    assert (1, True) == (differs.code, "DIFFERS" in differs.output)


def test_benchmarks_are_timed(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """One of them: a run without a baseline compares with none."""
    few = ("--", "-k", "test_latency and int8 and 1s", "--benchmark-max-time=0.01", "--benchmark-min-rounds=2")
    options = ("--suite", own_warm.suite, "--cache-dir", own_warm.cache, "--precisions", "int8")
    called = wergate("bench", tiny.model, *options, *few, cwd=tmp_path)
    assert 0 == called.code, called.output
    assert "--benchmark-compare" in called.shown
    assert [] == list(tmp_path.iterdir())


def test_the_studies_are_listed(tmp_path: Path) -> None:
    """With their questions, before anything is built."""
    called = wergate("study", "list", cwd=tmp_path)
    assert 0 == called.code, called.output
    assert "Which layers cost accuracy" in " ".join(called.output.split())


def test_a_study_runs_the_folder_of_its_tests(own_warm: Warm, tmp_path: Path) -> None:
    """The sensitivity of a tiny model; nothing else is collected."""
    called = wergate("study", "sensitivity", *given(own_warm), "--", "--collect-only", "-q", cwd=tmp_path)
    assert 0 == called.code, called.output
    ids = [line for line in called.output.splitlines() if "::" in line]
    assert ids
    assert [] == [line for line in ids if not line.startswith("accuracy/test_sensitivity.py::")]
