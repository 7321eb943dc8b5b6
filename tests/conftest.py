"""A tiny checkpoint, corpus and warm cache, made once for all workers of a session."""

from __future__ import annotations

import gc
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import fixtures.profiles  # noqa: F401 - fixed examples, and no deadline, because the machine may be busy
from tests.support import without_torch
from tests.support.alone import pytest_collection_modifyitems, pytest_runtest_protocol  # noqa: F401 - hooks
from tests.support.once import once
from tests.support.suite_run import Warm, run
from tests.support.tiny import Tiny, save_model, spoken, write_corpus

for _proxy in ("ALL_PROXY", "all_proxy"):  # tox passes it on for pip, and a local hub of the tests needs no proxy
    os.environ.pop(_proxy, None)
os.environ["OMP_NUM_THREADS"] = "1"  # as in the runs that tests start: the keys of their artifacts are the same then
os.environ.pop("GITHUB_STEP_SUMMARY", None)  # where CI runs these tests, their runs are none of its summary's business
collect_ignore = [*without_torch.MODULES] if without_torch.is_absent() else []


def pytest_configure(config: pytest.Config) -> None:
    """Skip tests that need PyTorch where it is absent."""
    if without_torch.is_absent():
        config.pluginmanager.register(without_torch.Skipper())


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make, not among the modules that they import: that takes half a second."""
    gc.freeze()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A tiny checkpoint with an evaluation and a calibration corpus."""
    if without_torch.is_absent():
        pytest.skip(without_torch.REASON)
    return once(tmp_path_factory, "tiny", _make_tiny)


def _make_tiny(folder: Path) -> Tiny:
    return Tiny(
        save_model(folder / "model"),
        write_corpus(folder / "evaluation.parquet", spoken(range(4))),
        write_corpus(folder / "calibration.parquet", spoken(range(10, 13))),
    )


@pytest.fixture(scope="session")
def warm(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Warm:
    """A cache filled by one cold run of all accuracy gates."""

    def make(folder: Path) -> Warm:
        suite = tiny.suite(folder / "tiny.toml")
        options = ("--suite", str(suite), "--cache-dir", str(folder / "cache"))
        cold = run(["accuracy"], *options, "--details", results=folder / "cold.json")
        assert cold.code == 0, cold.output
        return Warm(folder / "cache", suite, cold)

    return once(tmp_path_factory, "warm", make)


@pytest.fixture(scope="module")
def own_warm(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Warm:
    """A copy of the warm cache, for runs that build more: other tests count what is in the one that all share."""
    cache = tmp_path_factory.mktemp("own") / "cache"
    shutil.copytree(warm.cache, cache)
    return replace(warm, cache=cache)
