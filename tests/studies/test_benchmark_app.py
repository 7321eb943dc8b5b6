"""`benchmark_app` as a yardstick: what it tells is read, and its failures are one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.suite_run import Warm
from wergate.errors import SuiteError
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.studies.benchmark_app.app import benchmark_app


def test_its_figures_are_read(warm: Warm) -> None:
    """One inference after the other: as many a second as fit, in whichever unit the median is told."""
    options = {"api": "sync", "hint": "latency", "niter": "20"}
    path = warm.ir("fp16") / MODEL_FILE
    found = benchmark_app(path, samples=16_000, seconds=1, inference_precision="f32", options=options)
    assert 0.1 < found.fps * found.median_ms / 1000 < 10


def test_its_failure_is_one_line(tmp_path: Path) -> None:
    """With the path, and its own last line."""
    with pytest.raises(SuiteError, match=r"^benchmark_app cannot run '.*none.xml': .*inputs of shape \[1,16000\]"):
        benchmark_app(tmp_path / "none.xml", samples=16_000, seconds=1, inference_precision="f32", options={})
