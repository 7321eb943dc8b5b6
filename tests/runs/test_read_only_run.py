"""A run from a checkout that cannot be written ends as any other: with the same exit code and the same files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.support.forked import environment
from tests.support.suite_run import ROOT, Run, Warm, run

GATES = "accuracy/test_wer.py"
# a private view of the files in which this checkout is read-only: permissions do not stop root
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'
UNSHARE = ("unshare", "--mount", "--map-root-user", "sh", "-c", READ_ONLY, str(ROOT))


@cache
def can_mount() -> bool:
    """Return whether this process may have a view of its own of the mounted file systems."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARE, "true"], check=False, capture_output=True).returncode == 0


def read_only_run(tests: Sequence[str], *options: str, results: Path | None = None) -> Run:
    """Run the suite, with pytest's cache, in a view in which the checkout is read-only."""
    if not can_mount():
        pytest.skip("this user may not mount a read-only view of the checkout")
    given = [*options, *(("--results", str(results)) if results else ())]
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "pytest", *tests, *given],
        env=environment() | {"PYTHONPATH": "src"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    content = json.loads(results.read_text()) if results is not None and results.exists() else None
    return Run(done.returncode, done.stdout, content)


def decisive(done: Run) -> tuple[int, object, list[tuple[str, str, object]]]:
    """Return what must not depend on the checkout: exit code, verdict and gates."""
    assert done.results is not None, done.output
    gates = [(row["gate"], row["subject"], row["status"]) for row in done.results["verdicts"]]
    return done.code, done.results["verdict"], gates


def test_a_read_only_checkout_changes_nothing(warm: Warm, tmp_path: Path) -> None:
    """Neither pytest's cache, byte code nor the files of hypothesis are needed, and nobody complains about them."""
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache))
    tests = [GATES, "accuracy/test_input_lengths.py"]
    expected = run(tests, *given, results=tmp_path / "writable.json")
    found = read_only_run(tests, *given, results=tmp_path / "read_only.json")
    assert 0 == found.code, found.output
    assert decisive(expected) == decisive(found)
    assert "cache path" not in found.output


@pytest.mark.parametrize("option", ["--results", "--junitxml", "--summary", "--badge"])
def test_a_file_in_a_read_only_checkout_is_refused_before_the_run(option: str, warm: Warm) -> None:
    """In one line, with the option that names the file."""
    found = read_only_run([GATES], "--suite", str(warm.suite), "--cache-dir", str(warm.cache), option, "made_up.json")
    assert 13 == found.code, found.output
    name = option.removeprefix("--")
    assert (
        f"ERROR: {name} file 'made_up.json' cannot be written: Read-only file system; correct {option}" in found.output
    )
    assert "Traceback" not in found.output


@pytest.mark.parametrize("test", ["accuracy/test_graph.py", "accuracy/test_regression.py"])
def test_a_baseline_in_a_read_only_checkout_is_a_mistake(test: str, warm: Warm, tmp_path: Path) -> None:
    """The results are written all the same."""
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--update-baselines")
    found = read_only_run([test], *given, results=tmp_path / "results.json")
    assert 13 == found.code, found.output
    assert found.results is not None
    assert "cannot be written: Read-only file system; correct --baselines" in found.output
    assert "Traceback" not in found.output


def test_a_cache_folder_that_cannot_be_written_changes_nothing(warm: Warm, tmp_path: Path) -> None:
    """A file stands where pytest would make the folder, which stops root as well."""
    (tmp_path / "file").write_text("")
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache))
    expected = run([GATES], *given, results=tmp_path / "writable.json")
    cache_dir = ("-p", "cacheprovider", "-o", f"cache_dir={tmp_path / 'file' / 'cache'}")
    found = run([GATES], *given, *cache_dir, results=tmp_path / "results.json")
    assert decisive(expected) == decisive(found)
    assert "could not create cache path" not in found.output
