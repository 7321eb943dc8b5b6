"""An undecided accuracy verdict fails a run unless --allow-inconclusive is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.impossible import impossible
from tests.support.suite_run import Run, Warm, run

TOY = ("--min-words", "13")
REASON = "only 12 words: too few to decide (at least 13); evaluate a larger corpus, or lower --min-words"


def gated(warm: Warm, folder: Path, *options: str) -> Run:
    """Run the WER gate on the warm cache."""
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--precisions", "int8", "--details", *options)
    return run(["accuracy/test_wer.py"], *given, results=folder / "results.json")


def test_what_is_not_settled_fails(warm: Warm, tmp_path: Path) -> None:
    """The test fails with a line that says how to decide it; the table shows INCONCLUSIVE."""
    done = gated(warm, tmp_path, *TOY)
    (row,) = done.gate("wer", "INT8")
    assert (12, "INCONCLUSIVE") == (done.code, row["status"]), done.output
    assert f"INCONCLUSIVE: {row['line']}" in done.output
    assert row["line"].endswith(REASON)
    assert any(line.endswith(" 1 INCONCLUSIVE") for line in done.output.splitlines()), done.output


def test_what_is_not_settled_may_be_allowed(warm: Warm, tmp_path: Path) -> None:
    """The run passes and reports the undecided gate."""
    done = gated(warm, tmp_path, *TOY, "--allow-inconclusive")
    (row,) = done.gate("wer", "INT8")
    assert (0, "INCONCLUSIVE") == (done.code, row["status"]), done.output
    assert ["INCONCLUSIVE"] == [evaluation["paired"]["status"] for evaluation in done.results["evaluations"]]
    assert f"INCONCLUSIVE: {row['line']}" in done.output


def test_a_failure_is_never_allowed(warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option does not accept FAIL."""
    plugin = impossible(monkeypatch, tmp_path, wer_drop_max=-9.0)
    done = gated(warm, tmp_path, *plugin, "--allow-inconclusive")
    assert (10, ["FAIL"]) == (done.code, [row["status"] for row in done.gate("wer", "INT8")]), done.output
