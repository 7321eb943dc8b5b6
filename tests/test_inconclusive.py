"""A verdict that the evidence does not settle fails a run, unless it may stay open."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite_run import Run, Warm, run

import wergate

OPEN = """
from dataclasses import replace

from wergate import gates

decide = gates.wer_verdict
gates.wer_verdict = lambda *given, **named: replace(decide(*given, **named), undecided="more words would settle it")
"""


@pytest.fixture
def undecided(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[str, str]:
    """Return the options of a run whose WER verdicts are open."""
    (tmp_path / "undecided.py").write_text(OPEN)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(wergate.__file__).parents[1]}")
    return "-p", "undecided"


def gated(warm: Warm, folder: Path, *options: str) -> Run:
    """Run the WER gate on the warm cache."""
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--precisions", "int8", *options)
    return run(["accuracy/test_wer.py"], *given, results=folder / "results.json")


def test_what_is_not_settled_fails(warm: Warm, tmp_path: Path, undecided: tuple[str, str]) -> None:
    """The test fails with the line that says what would settle it; the table does not call it a failure."""
    done = gated(warm, tmp_path, *undecided)
    (row,) = done.gate("wer", "INT8")
    assert (12, "INCONCLUSIVE") == (done.code, row["status"]), done.output
    assert f"INCONCLUSIVE: {row['line']}" in done.output
    assert "more words would settle it" in row["line"]
    assert any(line.endswith(" 1 INCONCLUSIVE") for line in done.output.splitlines()), done.output


def test_what_is_not_settled_may_be_allowed(warm: Warm, tmp_path: Path, undecided: tuple[str, str]) -> None:
    """The run passes, and still says what is open."""
    done = gated(warm, tmp_path, *undecided, "--allow-inconclusive")
    (row,) = done.gate("wer", "INT8")
    assert (0, "INCONCLUSIVE") == (done.code, row["status"]), done.output
    assert f"INCONCLUSIVE: {row['line']}" in done.output


def test_a_failure_is_never_allowed(warm: Warm, tmp_path: Path) -> None:
    """Only what is open may stay open."""
    suite = tmp_path / "strict.toml"
    strict = '"thresholds"."int8"."wer_drop_max" = -9.0'
    lines = [line for line in warm.suite.read_text().splitlines() if not line.startswith(strict.partition(" =")[0])]
    suite.write_text("\n".join([*lines, strict]))
    done = gated(warm, tmp_path, "--suite", str(suite), "--allow-inconclusive")
    assert (10, ["FAIL"]) == (done.code, [row["status"] for row in done.gate("wer", "INT8")]), done.output
