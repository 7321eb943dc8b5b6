"""Time from `pytest accuracy/` to the first transcribed utterance, with all artifacts in the store."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.first_inference import REACHED
from fixtures.benchmarks.bench import label
from wergate.session.session import Session

ROUNDS = 3


def test_warm_start(benchmark: BenchmarkFixture, session: Session, model: str, pytestconfig: pytest.Config) -> None:
    """Each round is a new process, whose exit code shows that it reached an inference."""
    if model != "embedded":
        pytest.skip("the warm start is measured for `pytest accuracy/` without options, that is for the embedded model")
    for variant in session.config.precisions:
        session.recognizers.compile(session.variant(model, variant))
    label(benchmark, group="start", model=model, name="pytest accuracy/, warm")
    command = [sys.executable, "-m", "pytest", "accuracy", "-p", "benchmarks.first_inference", "-p", "no:cacheprovider"]
    command += ["--cache-dir", str(session.store.root)]

    def start() -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - this interpreter, on the suite itself
            command, cwd=pytestconfig.rootpath, capture_output=True, text=True, check=False
        )

    done = benchmark.pedantic(start, rounds=ROUNDS, warmup_rounds=1)
    assert done.returncode == REACHED, done.stdout[-2000:]
