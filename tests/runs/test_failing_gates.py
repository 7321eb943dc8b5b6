"""Tests of the gates: a worse model fails the right gate, with a message."""

from __future__ import annotations

import json
import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.impossible import impossible
from tests.support.suite_run import Run, Warm, finish, run, start
from tests.support.tiny import Tiny
from wergate.store import MANIFEST, file_digest


def gated(tiny: Tiny, cache: Path, folder: Path, tests: list[str], *options: str, **changes: str) -> Run:
    """Run gates with a changed suite file on a cache."""
    suite = tiny.suite(folder / "mine.toml", **changes)
    given = ("--suite", str(suite), "--cache-dir", str(cache), "--details", *options)
    return run([f"accuracy/{name}" for name in tests], *given, results=folder / "results.json")


def failing(done: Run) -> set[str]:
    """Return the failed gates; the exit code must be that of accuracy."""
    assert (10, "FAIL") == (done.code, done.results["verdict"]), done.output
    return {row["gate"] for row in done.results["verdicts"] if row["status"] != "PASS"}


@pytest.fixture
def cache(warm: Warm, tmp_path: Path) -> Path:
    """A copy of the artifacts of the cold run that a test may change."""
    for row in warm.cold.results["artifacts"]:
        folder = Path(row["kind"], row["key"][:32])
        shutil.copytree(warm.cache / folder, tmp_path / "cache" / folder, dirs_exist_ok=True)
    return tmp_path / "cache"


def replace_file(artifact: Path, name: str, source: Path) -> None:
    """Replace a file of an artifact and its checksum, so that only a gate can detect it."""
    shutil.copyfile(source, artifact / name)
    resign(artifact)


def resign(artifact: Path) -> None:
    """Write the present checksums into a manifest."""
    manifest = json.loads((artifact / MANIFEST).read_text())
    for name, properties in manifest["files"].items():
        properties |= {"bytes": (artifact / name).stat().st_size, "sha256": file_digest(artifact / name)}
    (artifact / MANIFEST).write_text(json.dumps(manifest))


def artifact(cache: Path, kind: str) -> Path:
    """Return the only artifact of a kind."""
    (found,) = (cache / kind).iterdir()
    return found


@dataclass(frozen=True)
class Threshold:
    """A threshold that no model can meet, and its gate."""

    key: str
    value: float
    gate: str


THRESHOLDS = (
    Threshold("wer_drop_max", -9.0, "wer"),
    Threshold("mismatch_rate_max", -1.0, "transcript_mismatch_rate"),
    Threshold("max_abs_delta_max", -1.0, "max_abs_delta"),
    Threshold("mean_abs_delta_max", -1.0, "mean_abs_delta"),
    Threshold("sqnr_db_min", 999.0, "sqnr_db"),
    Threshold("argmax_agreement_min", 2.0, "argmax_agreement"),
    Threshold("size_ratio_max", 0.0, "size_ratio"),
    Threshold("deletion_rise_max", -9.0, "deletion_rise"),
    Threshold("insertion_rise_max", -9.0, "insertion_rise"),
    Threshold("cer_rise_max", -9.0, "cer_rise"),
    Threshold("range_wer_rise_max", -9.0, "wer_rise[<2 s]"),
    Threshold("worse_rate_max", -1.0, "worse_rate"),
    Threshold("worst_utterance_rise_max", -9.0, "worst_utterance_rise"),
    Threshold("worst_sqnr_db_min", 999.0, "worst_sqnr_db"),
    Threshold("int8_work_min", 2.0, "int8_work"),
)


def test_every_threshold_is_held_to(tiny: Tiny, warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With impossible thresholds every gate fails, each with its own message and remedy."""
    plugin = impossible(monkeypatch, tmp_path, **{threshold.key: threshold.value for threshold in THRESHOLDS})
    tests = ["test_wer.py", "test_transcripts.py", "test_logits.py", "test_error_shape.py", "test_graph.py"]
    done = gated(tiny, warm.cache, tmp_path, tests, "--precisions", "int8", *plugin)
    assert {threshold.gate for threshold in THRESHOLDS} == failing(done)
    for threshold in THRESHOLDS:
        (row,) = done.gate(threshold.gate, "INT8")
        assert f"INT8 {threshold.gate}=" in row["line"]
        assert ", but should be " in row["line"]
        assert row["line"] in done.output
        assert row["line"].rpartition("; ")[2], "the next step is missing"


def test_the_gates_of_one_precision_leave_the_other_alone(tiny: Tiny, warm: Warm, tmp_path: Path) -> None:
    """FP16 holds while INT8 fails."""
    done = gated(tiny, warm.cache, tmp_path, ["test_logits.py"], thresholds__int8__sqnr_db_min="200.0")
    assert {"sqnr_db"} == failing(done)
    assert ["PASS"] == [row["status"] for row in done.gate("sqnr_db", "FP16")]


def test_logits_far_from_the_reference_at_some_length_are_a_verdict(tiny: Tiny, cache: Path, tmp_path: Path) -> None:
    """The gate's line, the simplest input that shows it, and no traceback."""
    tests = ["test_input_lengths.py::test_any_length_gives_the_reference_logits"]
    changes = {"thresholds__int8__length_delta_max": "1e-9"}
    done = gated(tiny, cache, tmp_path, tests, "--precisions", "int8", **changes)
    assert {"length_max_abs_delta"} == failing(done)
    (row,) = done.gate("length_max_abs_delta", "INT8")
    assert re.search(rf"{re.escape(row['line'])}\n\d+ samples in a batch of 1: largest difference", done.output)
    assert "Error" not in done.output


def test_an_fp16_ir_does_not_pass_for_int8(tiny: Tiny, cache: Path, tmp_path: Path) -> None:
    """An unquantized IR fails the gate on executed work, with the shipped threshold."""
    for name in ("model.xml", "model.bin"):
        replace_file(artifact(cache, "int8-ir"), name, artifact(cache, "fp16-ir") / name)
    changes = {"thresholds__int8__int8_work_min": "0.95"}
    done = gated(tiny, cache, tmp_path, ["test_graph.py"], "--precisions", "int8", **changes)
    assert {"int8_work"} == failing(done)
    (row,) = done.gate("int8_work", "INT8")
    assert row["line"].startswith("INT8 int8_work=0, but should be >= 0.95 (0 of ")


def test_an_int8_ir_does_not_pass_for_fp16(tiny: Tiny, cache: Path, tmp_path: Path) -> None:
    """Quantization noise in an FP16 IR fails the logits gate, with the shipped thresholds."""
    for name in ("model.xml", "model.bin"):
        replace_file(artifact(cache, "fp16-ir"), name, artifact(cache, "int8-ir") / name)
    done = gated(
        tiny, cache, tmp_path, ["test_logits.py"], "--precisions", "fp16", thresholds__fp16__sqnr_db_min="50.0"
    )
    assert {"sqnr_db"} == failing(done)


def test_differing_transcripts_are_shown_aligned(tiny: Tiny, cache: Path, tmp_path: Path) -> None:
    """Each utterance with a different transcript is shown aligned, and is in the results."""
    run_folder = artifact(cache, "reference-run")
    rows: list[dict[str, Any]] = json.loads((run_folder / "utterances.json").read_text())
    rows[2] |= {"hypothesis": f"QUITE ANOTHER {rows[2]['hypothesis']}"}
    (run_folder / "utterances.json").write_text(json.dumps(rows))
    resign(run_folder)
    done = gated(
        tiny,
        cache,
        tmp_path,
        ["test_transcripts.py", "test_wer.py"],
        "--precisions",
        "fp16",
        thresholds__fp16__mismatch_rate_max="0.0",
    )
    assert "transcript_mismatch_rate" in failing(done)
    lines = done.output.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("u2"))
    assert ["REF: QUITE ANOTHER", "HYP: "] == [lines[first + 1][:18], lines[first + 2][:5]]
    (row,) = done.results["evaluations"]
    assert ["u2"] == [mismatch["id"] for mismatch in row["mismatches"]]
    assert "1 of 4 differ from pytorch" in done.output


def test_a_failed_gate_is_followed_by_its_worst_utterances(
    warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --details, from workers too: the cause with its remedy, utterances once, no report of pytest."""
    plugin = impossible(monkeypatch, tmp_path, mismatch_rate_max=-1.0, wer_drop_max=-9.0)
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--precisions", "int8", "-n", "2", *plugin)
    tests, results = ["accuracy/test_wer.py", "accuracy/test_transcripts.py"], tmp_path / "results.json"
    done = finish(start(tests, *given, "--results", str(results)), results)
    assert {"wer", "transcript_mismatch_rate"} == failing(done)
    assert ["1. FAIL INT8 transcript_mismatch_rate"] == [
        line.partition("=")[0] for line in done.output.splitlines() if re.match(r"\d\. FAIL", line)
    ]
    assert 1 == done.output.count("\n   do: ")
    assert "\n   1 more gate fails with it: INT8 wer " in done.output
    assert 1 == done.output.count("worst utterances of INT8 (S, D, I: new errors;")
    assert "= FAILURES =" not in done.output
    assert "FAILED accuracy/test_wer.py::" in done.output


def test_broken_reference_logits_fail(tiny: Tiny, cache: Path, tmp_path: Path) -> None:
    """A reference that holds NaN passes nothing."""
    run_folder = artifact(cache, "reference-run")
    logits = np.load(run_folder / "logits.npy")
    logits[3, 4] = np.nan
    np.save(run_folder / "logits.npy", logits)
    resign(run_folder)
    done = gated(tiny, cache, tmp_path, ["test_logits.py"], "--precisions", "fp16")
    assert {"max_abs_delta", "mean_abs_delta", "sqnr_db"} <= failing(done)


def test_int8_alone_stands_on_a_sound_reference(tiny: Tiny, cache: Path, tmp_path: Path) -> None:
    """Noise of 1 % in the stored logits, which INT8's own noise hides; with FP16, no such check is needed."""
    strict = {"thresholds__fp16__sqnr_db_min": "50.0"}
    honest = gated(tiny, cache, tmp_path, ["test_logits.py"], "--precisions", "int8", **strict)
    assert 0 == honest.code, honest.output
    assert {"reference_sqnr_db", "fp16_sqnr_db"} < {row["gate"] for row in honest.results["verdicts"]}
    run_folder = artifact(cache, "reference-run")
    logits = np.load(run_folder / "logits.npy")
    noise = np.random.default_rng(0).normal(0, 0.01, logits.shape) * np.sqrt(np.mean(np.square(logits)))
    np.save(run_folder / "logits.npy", logits + noise.astype(np.float32))
    resign(run_folder)
    done = gated(tiny, cache, tmp_path, ["test_logits.py"], "--precisions", "int8", **strict)
    assert {"reference_sqnr_db", "fp16_sqnr_db"} == failing(done)
    both = gated(tiny, cache, tmp_path, ["test_logits.py"], **strict)
    assert {"sqnr_db"} <= failing(both)
    assert {"reference_sqnr_db", "fp16_sqnr_db"}.isdisjoint(row["gate"] for row in both.results["verdicts"])


def test_an_interrupted_run_is_resumed(tiny: Tiny, tmp_path: Path) -> None:
    """Ctrl-C while the IR is being built: an exit code, no artifact that is trusted, and the next run works."""
    options = ("--suite", str(tiny.suite(tmp_path / "mine.toml")), "--cache-dir", str(tmp_path / "cache"))
    process = start(["accuracy/test_wer.py"], *options, "--precisions", "fp16")
    while not list((tmp_path / "cache").glob("tmp/fp16-ir-*")):
        assert process.poll() is None, process.communicate()[0]
    process.send_signal(signal.SIGINT)
    interrupted = finish(process)
    assert interrupted.code not in {0, 1}, interrupted.output
    assert [] == list((tmp_path / "cache").glob("*-ir/*"))
    after = run(["accuracy/test_wer.py"], *options, "--precisions", "fp16", results=tmp_path / "results.json")
    assert (0, 1) == (after.code, after.built("fp16-ir")), after.output
    assert "DamagedArtifactWarning" not in after.output
