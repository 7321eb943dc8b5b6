"""Faults under every study: it ends in one line, and the results keep what was judged before."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.forked import fork
from tests.support.suite_run import ROOT, Run, Warm, run
from tests.support.tiny import Tiny, spoken, write_corpus
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.studies.registry import STUDIES

SETUP, UNEXPLAINED = 13, 1
REASON = "Exception from src/inference/src/cpp/core.cpp:107:\nCheck 'x' failed at src/x.cpp:1:\na made-up reason\n"
IR_BYTES_MAX = 100_000  # less than an IR has, and more than a results file
SMALL = {  # so that every study reaches its first result within seconds
    "benchmarks.durations_s": "[0.5]",
    "benchmarks.paired.durations_s": "[0.5]",
    "benchmarks.paired.budget_s": "0.2",
    "benchmarks.peers.names": '["onnxruntime-f32", "openvino-f32"]',
    "benchmarks.peers.utterances": "2",
    "benchmarks.peers.rounds": "1",
    "calibration_study.subset_size": "2",
    "accuracy_control.validation_utterances": "1",
    "quantizer_study.timing_s": "0.2",
    "portability.timing_s": "0.2",
    "sensitivity.wer_layers": "1",
}


def raising(error: Exception) -> Callable[..., Any]:
    """Return a function that raises an exception, whatever it is called with."""

    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


def compile_nothing() -> None:
    """Let OpenVINO refuse every model."""
    import openvino as ov

    ov.Core.compile_model = raising(RuntimeError(REASON))


def infer_nothing() -> None:
    """Let every inference of OpenVINO fail."""
    import openvino as ov

    ov.InferRequest.infer = ov.InferRequest.start_async = raising(RuntimeError(REASON))


def lack_memory() -> None:
    """Let memory end where a model is compiled."""
    import openvino as ov

    ov.Core.compile_model = raising(MemoryError())


def fill_the_disk() -> None:
    """Let no file become as large as an IR."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (IR_BYTES_MAX, IR_BYTES_MAX))


def quantize_nothing() -> None:
    """Let NNCF refuse every model."""
    import nncf
    from nncf.quantization.algorithms.post_training import pipeline

    pipeline.create_ptq_pipeline = raising(nncf.UnsupportedModelError("a made-up reason\nand more of it"))


def remove_the_weights() -> None:
    """Let the weights of an IR vanish between the store and whoever reads them."""
    from wergate.session.models import Models

    found = Models.ir

    def removed(*given: Any) -> Any:
        artifact = found(*given)
        artifact.file(MODEL_FILE).with_suffix(".bin").unlink(missing_ok=True)
        return artifact

    Models.ir = removed


def revert_nothing() -> None:
    """Let no layer be put back into floating point."""
    from wergate.networks.ir import layers

    layers._revert = raising(RuntimeError(REASON))


def break_our_own_code() -> None:
    """Put a fault of ours into the session."""
    from wergate.session.recognizers import Recognizers

    Recognizers.compile_ir = None


def kill_the_process() -> None:
    """Let the kernel end every process that a study starts for its work."""
    from wergate.studies import process

    process.sys = type("sys", (), {"executable": shutil.which("false"), "stderr": sys.stderr})


def have_no_pot() -> None:
    """Name a Python that does not exist for the legacy environment."""
    os.environ["WERGATE_LEGACY_PYTHON"] = "/nonexistent/python"


def have_no_programs() -> None:
    """Leave no program to start."""
    os.environ["PATH"] = "/nonexistent"


@dataclass(frozen=True)
class Case:
    """A study, the fault under it, and parts of the line that it ends with.

    Attributes:
        absent: kinds of artifacts that the store lacks, so that the study builds them.
    """

    study: str
    fault: Callable[[], None]
    said: tuple[str, ...]
    code: int = SETUP
    absent: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Name of the test."""
        return f"{self.study}: {self.fault.__name__.replace('_', ' ')}"


REFUSED = ("device 'CPU' cannot run the model: a made-up reason", "/model.xml'", "check --device")
FULL = ("free some space", "--cache-dir DIR")
CASES = (
    Case("calibration", compile_nothing, ("quantization of '", "subset 1 of 5 stopped: a made-up reason; try another")),
    Case(
        "pot",
        have_no_pot,
        ("the legacy environment is missing at '/nonexistent/python'",),
        options=("--quantizer=pot",),
    ),
    Case("portability", fill_the_disk, FULL, absent=("int8-ir",)),
    Case(
        "sensitivity",
        compile_nothing,
        ("inference of INT8 of '", "with 21 layers in floating point stopped: a made-up"),
    ),
    Case("quantizers", compile_nothing, REFUSED),
    Case("peers", fill_the_disk, FULL, absent=("fp16-ir",)),
    Case("growth", compile_nothing, REFUSED),
    Case("throughput", compile_nothing, REFUSED),
    Case("benchmark-app", compile_nothing, REFUSED),
    Case("latency-verdicts", compile_nothing, REFUSED),
    Case("duel", have_no_programs, ("side A",), options=("--duel=exec:cat", "--duel=exec:cat")),
    Case("corpus-memory", kill_the_process, ("the evaluation in a separate process stopped: its process ended with",)),
    Case("sensitivity", revert_nothing, ("putting layer '", "back into floating point stopped: a made-up reason; try")),
    Case("sensitivity", infer_nothing, ("inference of INT8 of '", "stopped: a made-up reason; try another")),
    Case("growth", lack_memory, ("stopped: out of memory; free some memory",)),
    Case(
        "quantizers",
        quantize_nothing,
        ("quantization of '", "stopped: UnsupportedModelError: a made-up reason"),
        absent=("int8-ir",),
    ),
    Case("quantizers", fill_the_disk, FULL, absent=("int8-ir",)),
    Case("throughput", remove_the_weights, ("cannot be read", "run again if the suite built them")),
    Case(
        "throughput",
        break_our_own_code,
        ("met a fault in wergate: TypeError:", "(src/wergate/session/recognizers.py:"),
        UNEXPLAINED,
    ),
)


def _main(fault: Callable[[], None], arguments: list[str]) -> None:
    os.chdir(ROOT)
    fault()
    sys.exit(int(pytest.main(arguments)))


def run_with(case: Case, tiny: Tiny, warm: Warm, folder: Path, *options: str) -> Run:
    """Run a study with a fault in its process."""
    shutil.copytree(warm.cache, folder / "cache", ignore=shutil.ignore_patterns(*case.absent))
    changes = {key.replace(".", "__"): value for key, value in SMALL.items()}
    models = json.dumps([str(tiny.model)])
    suite = tiny.suite(folder / "mine.toml", **changes, benchmarks__models=models, benchmarks__peers__models=models)
    results, output = folder / "results" / "results.json", folder / "output"
    results.parent.mkdir()
    (where,) = {study.where for study in STUDIES if study.name == case.study}
    given = [where, "--study", case.study, "--suite", str(suite), "--cache-dir", str(folder / "cache")]
    quiet = ["-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning", "--results", str(results)]
    code = fork(_main, case.fault, [*given, *quiet, *case.options, *options], output=output)
    return Run(code, output.read_text(errors="replace"), json.loads(results.read_text()))


def test_every_study_has_a_fault() -> None:
    """A new study needs a case."""
    assert {study.name for study in STUDIES} == {case.study for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_study_ends_in_one_line(case: Case, tiny: Tiny, warm: Warm, tmp_path: Path) -> None:
    """Without a traceback, with the documented code, and with the results of what came before."""
    done = run_with(case, tiny, warm, tmp_path)
    assert case.code == done.code, done.output
    for word in ("Traceback", "INTERNALERROR", "Error\n"):
        assert word not in done.output, done.output
    (line,) = {line for line in done.output.splitlines() if line.startswith("ERROR: ")}
    for part in case.said:
        assert part in line, done.output
    assert done.results is not None
    assert "FAIL" == done.results["verdict"]
    assert done.results["models"] or case.absent or case.study == "duel"  # a duel of programs has no model
    assert f"(exit code {case.code})" in done.output


def test_the_traceback_is_printed_on_request(tiny: Tiny, warm: Warm, tmp_path: Path) -> None:
    """`--details` has it above the line."""
    (case,) = (case for case in CASES if (case.study, case.fault) == ("sensitivity", infer_nothing))
    done = run_with(case, tiny, warm, tmp_path, "--details")
    assert SETUP == done.code
    assert "in raising" in done.output or "raise error" in done.output
    assert done.output.index("raise error") < done.output.index("\nERROR: inference of INT8")


def test_a_mistake_in_the_collection_is_one_line(tiny: Tiny, tmp_path: Path) -> None:
    """A peer that does not exist, whose tests would be collected."""
    suite = tiny.suite(tmp_path / "mine.toml", benchmarks__peers__names='["pytorch-eagre"]')
    done = run(["benchmarks/test_peers.py"], "--study", "peers", "--suite", str(suite), results=tmp_path / "r.json")
    assert SETUP == done.code, done.output
    assert "Traceback" not in done.output
    assert "ERROR: benchmarks.peers.names: unknown peer 'pytorch-eagre' (did you mean 'pytorch-eager'?)" in done.output


@pytest.mark.parametrize("silent", [True, False], ids=["no transcripts", "one utterance"])
def test_a_study_without_evidence_is_refused(silent: bool, tiny: Tiny, warm: Warm, tmp_path: Path) -> None:
    """Word errors need words, and accuracy control needs an utterance that it was not tuned on."""
    utterances = [one.but(text="?!") for one in spoken(range(2))] if silent else spoken([1])
    corpus = write_corpus(tmp_path / "mine.parquet", utterances)
    suite = tiny.suite(tmp_path / "mine.toml", calibration_study__subset_size="2")
    given = ["--suite", str(suite), "--cache-dir", str(tmp_path / "cache"), "--corpus", str(corpus)]
    given += ["--normalizer", "basic"] if silent else []
    shutil.copytree(warm.cache, tmp_path / "cache")
    tests = "accuracy/test_calibration.py", *(["-k", "accuracy_control"] if not silent else [])
    done = run(tests, "--study", "calibration", *given, results=tmp_path / "results.json")
    assert SETUP == done.code, done.output
    assert "Traceback" not in done.output
    said = (
        "has no words in its 2 transcripts" if silent else "leaves none of the 1 recordings of 'mine' for verification"
    )
    assert said in done.text
