"""The baseline of word errors as a user sees it: stored, compared, gated, or not comparable."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.suite_run import Run, Warm, run
from wergate.environment.machine import cpu
from wergate.gates.wer_baseline import read_transcripts, write_transcripts


def gated(warm: Warm, folder: Path, *options: str) -> Run:
    """Run the regression gate on the warm cache, with baselines of its own."""
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--baselines", str(folder), *options)
    return run(
        ["accuracy/test_regression.py"], *given, "--precisions", "int8", "--details", results=folder / "results.json"
    )


def outcomes(done: Run) -> list[str]:
    """Return the outcome of each variant."""
    assert done.results is not None, done.output
    return [row["outcome"] for row in done.results["regressions"]]


@pytest.fixture(scope="module")
def kept(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a first run found nothing and a second one stored its word errors."""
    folder = tmp_path_factory.mktemp("kept")
    first = gated(warm, folder)
    assert (0, ["absent"]) == (first.code, outcomes(first)), first.output
    assert "INT8: none stored; --update-baselines stores this run's" in first.output
    second = gated(warm, folder, "--update-baselines")
    assert (0, ["same"]) == (second.code, outcomes(second)), second.output
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    """A copy of the stored baseline that a test may change."""
    (tmp_path / "wer.json").write_bytes((kept / "wer.json").read_bytes())
    return tmp_path


def entry(warm: Warm) -> tuple[str, str]:
    """Return the key and the kind of machine of the only entry."""
    assert warm.cold.results is not None
    (row,) = [row for row in warm.cold.results["evaluations"] if row["variant"] == "int8"]
    return f"{row['model']} {row['corpus']} int8", f"CPU {cpu().isa} f32"


def test_storing_again_changes_nothing(warm: Warm, folder: Path) -> None:
    """A second --update-baselines changes no byte."""
    before = (folder / "wer.json").read_bytes()
    done = gated(warm, folder, "--update-baselines")
    assert (0, before) == (done.code, (folder / "wer.json").read_bytes()), done.output


def test_a_worse_run_fails_with_the_utterances(warm: Warm, folder: Path) -> None:
    """Against a baseline of a model that had heard one utterance as it was said."""
    key, machine = entry(warm)
    stored = read_transcripts(folder / "wer.json", key)[machine]
    assert stored.counts.errors > 0
    fewer = stored.counts.model_copy(update={"substitutions": 0, "deletions": 0, "insertions": 0})
    better = stored.model_copy(update={"counts": fewer, "transcripts": stored.transcripts | {"u2": "TEN MEN"}})
    write_transcripts(folder / "wer.json", key, machine, better)
    done = gated(warm, folder)
    assert (10, ["worse"]) == (done.code, outcomes(done)), done.output
    assert ["FAIL"] == [row["status"] for row in done.gate("word_errors", "INT8")]
    assert f"INT8 word_errors={stored.counts.errors}, but should be <= 0 (stored baseline; " in done.output
    assert "u2: 0 errors then, " in done.output
    assert "\nWAS: " in done.output


def test_another_instruction_set_is_said_and_not_compared(warm: Warm, folder: Path, tmp_path: Path) -> None:
    """The run passes, and the line is there without being asked for, in the Markdown summary too."""
    key, machine = entry(warm)
    elsewhere, summary = tmp_path / "elsewhere", tmp_path / "summary.md"
    stored = read_transcripts(folder / "wer.json", key)[machine]
    write_transcripts(elsewhere / "wer.json", key, "CPU other f32", stored)
    done = gated(warm, elsewhere, "--summary", str(summary))
    assert done.results is not None
    assert done.results["regressions"][0]["line"] in summary.read_text()
    assert (0, ["not compared"]) == (done.code, outcomes(done)), done.output
    assert f"not compared: stored for CPU other f32, but this run is on {machine}" in done.output


def test_a_baseline_that_was_edited_ends_the_run(warm: Warm, folder: Path) -> None:
    """In one line, without a traceback."""
    path = folder / "wer.json"
    path.write_text(path.read_text().replace('"insertions": ', '"insertions": 1'))
    done = gated(warm, folder)
    assert 0 != done.code
    assert f"ERROR: baseline '{path}' has a checksum mismatch for " in done.output
    assert "Traceback" not in done.output
