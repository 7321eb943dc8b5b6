"""A second run builds nothing, loads no checkpoint and imports no model code."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import Tiny

KINDS = ("fp16-ir", "int8-ir", "reference-run")


@dataclass(frozen=True)
class Watched:
    """A warm run and the modules that it imported."""

    run: Run
    modules: frozenset[str]


@pytest.fixture(scope="module")
def second(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """All accuracy gates once more, in a fresh process, on the cache of the first run."""
    folder = tmp_path_factory.mktemp("second")
    os.environ["WATCH_IMPORTS"] = str(folder / "modules.json")
    try:
        options = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache))
        watched = ("-p", "tests.support.watch_imports")
        finished = run(["accuracy"], *options, *watched, results=folder / "results.json")
    finally:
        del os.environ["WATCH_IMPORTS"]
    assert finished.code == 0, finished.output
    return Watched(finished, frozenset(json.loads((folder / "modules.json").read_text())))


def test_the_first_run_builds_everything(warm: Warm) -> None:
    """One FP16 IR, one INT8 IR, one reference run; each key is built once, and says in how many seconds."""
    rows = [row for row in warm.cold.results["artifacts"] if row["status"] == "built"]
    assert [1, 1, 1] == [warm.cold.built(kind) for kind in KINDS]
    assert len(rows) == len({row["key"] for row in rows})
    assert {row["key"] for row in rows} == {row["key"] for row in warm.cold.results["artifacts"]}
    assert all(row["seconds"] >= row["build_s"] > 0 for row in rows)


def test_the_second_run_finds_everything(warm: Warm, second: Watched) -> None:
    """The same artifacts, all found, with the time that building them once took."""
    assert {"found"} == set(second.run.statuses)
    keys = [{(row["kind"], row["key"]) for row in done.results["artifacts"]} for done in (warm.cold, second.run)]
    assert keys[0] == keys[1]


def test_both_runs_measure_the_same(warm: Warm, second: Watched) -> None:
    """Verdicts and word errors do not depend on whether an artifact was built or found."""
    lines = [[row["line"] for row in done.results["verdicts"]] for done in (warm.cold, second.run)]
    assert lines[0] == lines[1]
    counts = [[(row["variant"], row["candidate"]) for row in d.results["evaluations"]] for d in (warm.cold, second.run)]
    assert counts[0] == counts[1]


MODEL_CODE = ("nncf", "transformers.models.data2vec", "transformers.models.wav2vec2", "safetensors.torch", "datasets")


@pytest.mark.parametrize("package", MODEL_CODE)
def test_the_second_run_imports_no(package: str, second: Watched) -> None:
    """Neither nncf nor the model code of transformers, nor what loads weights."""
    imported = {name for name in second.modules if name == package or name.startswith((package + ".", package + "_"))}
    assert set() == {name for name in imported if not name.startswith("datasets_")}


def test_the_watch_sees_imports(second: Watched) -> None:
    """The probe sees the modules that a run must import."""
    assert {"openvino", "wergate.session.session", "torchmetrics"} <= second.modules


def test_two_workers_build_once(tiny: Tiny, tmp_path: Path) -> None:
    """`pytest -n 2` builds each artifact once, and the results say so."""
    options = ("--suite", str(tiny.suite(tmp_path / "tiny.toml")), "--cache-dir", str(tmp_path / "cache"))
    done = run(["accuracy/test_wer.py", "accuracy/test_graph.py"], *options, "-n", "2", results=tmp_path / "r.json")
    assert done.code == 0, done.output
    assert [1, 1, 1] == [done.built(kind) for kind in KINDS]


def test_two_runs_at_once_build_once(tiny: Tiny, tmp_path: Path) -> None:
    """Two processes on one empty cache: each artifact is built by one of them and found by the other."""
    options = ("--suite", str(tiny.suite(tmp_path / "tiny.toml")), "--cache-dir", str(tmp_path / "cache"))
    with ThreadPoolExecutor() as both:
        started = [both.submit(run, ["accuracy/test_wer.py"], *options, results=tmp_path / name) for name in "ab"]
        runs = [each.result() for each in started]
    assert [0, 0] == [done.code for done in runs], runs[0].output + runs[1].output
    for kind in KINDS:
        assert 1 == sum(done.built(kind) for done in runs)


def test_a_damaged_artifact_is_rebuilt_and_said(warm: Warm, tmp_path: Path) -> None:
    """A truncated IR in a copied cache: the run passes, with a warning, and only that artifact is built."""
    cache = tmp_path / "cache"
    shutil.copytree(warm.cache, cache)
    assert warm.cold.results is not None
    (key,) = {row["key"] for row in warm.cold.results["artifacts"] if row["kind"] == "int8-ir"}
    binary = cache / "int8-ir" / key[:32] / "model.bin"
    os.truncate(binary, binary.stat().st_size // 2)
    options = ("--suite", str(warm.suite), "--cache-dir", str(cache))
    done = run(["accuracy/test_wer.py"], *options, results=tmp_path / "results.json")
    assert done.code == 0, done.output
    assert [("int8-ir", "built")] == [
        (row["kind"], row["status"]) for row in done.results["artifacts"] if row["status"] == "built"
    ]
    assert "DamagedArtifactWarning" in done.output
    assert "model.bin has" in done.output
