"""Parsing of `benchmark_app`'s output, and its failures as one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.suite_run import Warm
from wergate.errors import SuiteError
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.studies.benchmark_app.app import benchmark_app


def test_its_measurements_are_parsed(warm: Warm) -> None:
    """One by one, inferences per second times the median latency is about 1, whatever unit the tool prints."""
    options = {"api": "sync", "hint": "latency", "niter": "20"}
    path = warm.ir("fp16") / MODEL_FILE
    figures = benchmark_app(path, samples=16_000, seconds=1, inference_precision="f32", options=options)
    assert 0.1 < figures.fps * figures.median_ms / 1000 < 10


def test_its_failure_is_one_line(tmp_path: Path) -> None:
    """The error has the path and the last line of the tool's output."""
    with pytest.raises(SuiteError, match=r"^benchmark_app cannot run '.*none.xml': .*inputs of shape \[1,16000\]"):
        benchmark_app(tmp_path / "none.xml", samples=16_000, seconds=1, inference_precision="f32", options={})
