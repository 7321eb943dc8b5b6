"""A corpus too small to calibrate INT8 on a part of it ends a run at once, if a gate of the run would fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import Tiny, spoken, write_corpus

AUDIO = "accuracy/test_calibration_audio.py"


@pytest.fixture
def suite(tiny: Tiny, tmp_path: Path) -> Path:
    """A suite file without a calibration corpus, with the shipped demands on calibration audio."""
    path = tiny.suite(
        tmp_path / "mine.toml", calibration_audio__utterances_min="10", calibration_audio__audio_s_min="20.0"
    )
    lines = [line for line in path.read_text().splitlines() if not line.startswith('"calibration"')]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Eleven recordings."""
    return write_corpus(tmp_path / "eleven.parquet", spoken(range(20, 31)))


def gated(tests: list[str], suite: Path, cache: Path, corpus: Path, *options: str) -> Run:
    """Run tests on the corpus."""
    given = ("--suite", str(suite), "--cache-dir", str(cache), "--corpus", str(corpus), *options)
    return run(tests, *given, results=suite.parent / "results.json")


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "with workers"])
def test_it_is_said_before_anything_is_built(options: tuple[str, ...], suite: Path, corpus: Path) -> None:
    """In one line, with what would do; no test runs, and the store stays empty."""
    summary = suite.parent / "summary.md"
    done = gated(["accuracy"], suite, suite.parent / "cache", corpus, "--summary", str(summary), *options)
    assert 13 == done.code, done.output
    (line,) = (line for line in done.output.splitlines() if line.startswith("ERROR: "))
    assert line.startswith("ERROR: corpus 'eleven' is too small to calibrate INT8 on a part of it: a quarter of its")
    assert line.endswith("name a corpus with --calibration, or gate FP16 alone with --precisions fp16")
    assert done.results is not None
    assert ("FAIL", []) == (done.results["verdict"], done.results["verdicts"])
    assert [] == list((suite.parent / "cache").glob("*"))
    assert 1 == summary.read_text().count("is too small to calibrate INT8")


def test_no_gate_no_refusal(suite: Path, corpus: Path, warm: Warm, tiny: Tiny) -> None:
    """Runs that judge no such calibration are not refused: other tests, FP16 alone, --calibration, no test at all."""
    other = gated(["accuracy/test_wer.py"], suite, warm.cache, corpus, "-k", "fp16")
    assert 0 == other.code, other.output
    alone = gated([AUDIO], suite, warm.cache, corpus, "--precisions", "fp16")
    assert 0 == alone.code, alone.output
    listed = gated(["accuracy"], suite, warm.cache, corpus, "--collect-only")
    assert 0 == listed.code, listed.output
    named = gated([AUDIO], suite, warm.cache, corpus, "--calibration", str(tiny.calibration))
    assert 10 == named.code, named.output
    assert {"calibration_utterances", "calibration_audio_s"} <= {row["gate"] for row in named.results["verdicts"]}
