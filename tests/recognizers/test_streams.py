"""Parallel inferences: a compiled model with a stream that gives different logits is never used, and is counted."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.mutations.fault import resign
from tests.support.forked import environment
from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import Tiny, sound
from tests.support.wrong_streams import VARIABLE, corrupt
from wergate.environment.machine import cpu, version
from wergate.errors import SuiteError
from wergate.networks.frontend import read_frontend
from wergate.recognizers.compilations import COUNTER, Compilation, Counter, Counts, Report, ignore
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.report.exit_code import Cause
from wergate.store import MANIFEST, Store, file_digest

ACCEPTED, REJECTED = (Compilation(16_000, 2, accepted=accepted) for accepted in (True, False))


@pytest.fixture
def compile_two(tiny: Tiny, warm: Warm, tmp_path: Path) -> Callable[..., OpenVinoRecognizer]:
    """Return a function that compiles the tiny FP16 IR for two streams."""
    artifact = tiny.session(tmp_path, warm.cache).models.ir(str(tiny.model), "fp16")
    frontend = read_frontend(artifact.file("frontend.json"))

    def compiled(report: Report = ignore) -> OpenVinoRecognizer:
        path = artifact.file("model.xml")
        return OpenVinoRecognizer(path, frontend, device="CPU", inference_precision="f32", streams=2, report=report)

    return compiled


def test_streams_that_disagree_end_the_run(
    compile_two: Callable[..., OpenVinoRecognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends with a message after a few compilations, so that no gate uses such logits."""
    corrupt(monkeypatch, compilations=99)
    reported: list[Compilation] = []
    with pytest.raises(SuiteError, match="different logits on its 2 streams"):
        compile_two(reported.append)
    assert [Compilation(None, 2, accepted=False)] * 3 == reported


def test_a_compilation_that_disagrees_is_repeated(
    compile_two: Callable[..., OpenVinoRecognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second compilation is correct, and the recognizer gives its logits; both are reported."""
    utterances = [sound(0.5, seed=n) for n in range(4)]
    expected = compile_two().logits_of(utterances)
    corrupt(monkeypatch, compilations=1)
    reported: list[Compilation] = []
    found = compile_two(reported.append).logits_of(utterances)
    assert all(np.array_equal(left, right) for left, right in zip(found, expected, strict=True))
    assert [False, True] == [compilation.accepted for compilation in reported]


@pytest.fixture
def run_with(warm: Warm, tmp_path: Path) -> Callable[[int], Run]:
    """Return a function that transcribes in buckets with wrong streams in the first compilations, from cached IRs."""

    def started(wrong: int) -> Run:
        options = ("-p", "tests.support.wrong_streams", "--suite", str(warm.suite), "--cache-dir", str(warm.cache))
        tests = ["accuracy/test_buckets.py", "accuracy/test_wer.py"]
        variables = {**environment(), VARIABLE: str(wrong)}
        return run(tests, *options, results=tmp_path / "results.json", variables=variables)

    return started


def test_a_rejected_compilation_is_a_note_and_fails_nothing(run_with: Callable[[int], Run]) -> None:
    """Compilations that were made again did not harm: each is a row of the results, and the terminal counts them."""
    found = run_with(2)
    assert 0 == found.code, found.output
    assert found.results is not None
    assert 2 == len(found.results["rejections"])
    last = found.results["rejections"][-1]
    assert (cpu().isa, version("openvino"), 2) == (last["isa"], last["openvino"], last["streams"])
    assert "OpenVINO compiled 2 times with wrong logits on one of its streams" in found.text
    assert f"over all runs with this cache: {last['rejected']} of {last['tried']} compilations rejected" in found.text


def test_three_in_a_row_fail_the_run(run_with: Callable[[int], Run]) -> None:
    """If no compilation has right streams, the run aborts, and the rejected compilations are in the results."""
    found = run_with(99)
    assert Cause.SETUP == found.code, found.output
    assert "a stream gave wrong logits in each of 3 compilations" in found.text
    assert found.results is not None
    assert 3 <= len(found.results["rejections"])


def test_compiled_models_of_another_ir_are_no_setup_error(warm: Warm, tmp_path: Path) -> None:
    """FP16's compiled models under INT8's keys, with matching checksums: they are built again, with a line each."""
    cache = tmp_path / "cache"
    shutil.copytree(warm.cache, cache)
    blobs: dict[str, dict[str, Path]] = {}
    for folder in (cache / "compiled-model").iterdir():
        parts = json.loads((folder / MANIFEST).read_text())["parts"]
        blobs.setdefault(json.dumps(parts | {"ir": None}), {})[parts["ir"][".xml"]] = folder
    fp16, int8 = (file_digest(warm.ir(name) / "model.xml") for name in ("fp16", "int8"))
    pairs = [of_ir for of_ir in blobs.values() if {fp16, int8} <= of_ir.keys()]  # other tests compile one of them alone
    assert pairs
    for of_ir in pairs:
        shutil.copyfile(of_ir[fp16] / "model.blob", of_ir[int8] / "model.blob")
        resign(of_ir[int8])
    options = ("--suite", str(warm.suite), "--cache-dir", str(cache), "--precisions", "int8")
    found = run(["accuracy/test_buckets.py", "accuracy/test_wer.py"], *options, results=tmp_path / "results.json")
    assert 0 == found.code, found.output
    assert found.results is not None
    assert [] == found.results["rejections"]
    assert re.search("does not fit IR '|did not fit its IR; it was compiled again", found.text)


def test_compilations_are_counted_over_runs(tmp_path: Path) -> None:
    """The counter adds up in the store, also after its file was damaged."""
    isa, openvino = cpu().isa, version("openvino")
    assert Counts(isa, openvino, tried=1, rejected=1) == Counter(Store(tmp_path)).add(REJECTED)
    assert Counts(isa, openvino, tried=2, rejected=1) == Counter(Store(tmp_path)).add(ACCEPTED)
    (tmp_path / f"{COUNTER}.json").write_text("{", encoding="utf-8")
    assert Counts(isa, openvino, tried=1, rejected=0) == Counter(Store(tmp_path)).add(ACCEPTED)


def test_a_store_that_cannot_be_written_counts_nothing(tmp_path: Path) -> None:
    """A run from a read-only store continues."""
    (tmp_path / "file").touch()
    for _ in range(2):
        found = Counter(Store(tmp_path / "file")).add(REJECTED)
        assert (1, 1) == (found.tried, found.rejected)
