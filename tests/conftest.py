"""A tiny checkpoint, corpus and warm cache, made once for the session of each worker."""

from __future__ import annotations

import pytest
from suite_run import Warm, run
from tiny import Tiny, save_model, spoken, write_corpus


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A tiny checkpoint with an evaluation and a calibration corpus."""
    folder = tmp_path_factory.mktemp("tiny")
    return Tiny(
        save_model(folder / "model"),
        write_corpus(folder / "evaluation.parquet", spoken(range(4))),
        write_corpus(folder / "calibration.parquet", spoken(range(10, 13))),
    )


@pytest.fixture(scope="session")
def warm(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Warm:
    """A cache filled by one cold run of all accuracy gates."""
    folder = tmp_path_factory.mktemp("warm")
    suite = tiny.suite(folder / "tiny.toml")
    options = ("--suite", str(suite), "--cache-dir", str(folder / "cache"))
    cold = run(["accuracy"], *options, results=folder / "cold.json")
    assert cold.code == 0, cold.output
    return Warm(folder / "cache", suite, cold)
