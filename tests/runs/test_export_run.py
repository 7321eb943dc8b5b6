"""`--export` as a user runs it: variants that passed become folders, others are listed with a reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.networks import Spelling
from tests.support.suite_run import ROOT, Run, Warm, run
from tests.support.tiny import LABELS, Tiny
from wergate.report.export.verify import verify_export
from wergate.store import file_digest
from wergate.verdict import Status

GRAPH, TRANSCRIPTS, WER = (f"accuracy/test_{name}.py" for name in ("graph", "transcripts", "wer"))


def exporting(warm: Warm, folder: Path, tests: Sequence[str], *options: str, suite: Path | None = None) -> Run:
    """Run gates on the warm cache and export to a folder."""
    given = ("--suite", str(suite or warm.suite), "--cache-dir", str(warm.cache), "--export", str(folder))
    return run(tests, *given, *options)


def exports(done: Run) -> list[str]:
    """Return the lines about exports."""
    return [line for line in done.output.splitlines() if line.startswith(("exported:", "not exported:", "ERROR:"))]


@pytest.fixture
def failing(tiny: Tiny, tmp_path: Path) -> Path:
    """A suite file whose size gate no FP16 IR passes."""
    return tiny.suite(tmp_path / "failing.toml", thresholds__fp16__size_ratio_max="0.01")


def test_what_passed_is_exported_from_several_workers_too(warm: Warm, tiny: Tiny, tmp_path: Path) -> None:
    """IR and processor files are copies, the results hold this variant only, and no file contains a local path."""
    done = exporting(warm, tmp_path / "out", ["accuracy"], "-n", "2")
    assert 0 == done.code, done.output
    assert [f"exported: model {name} to {tmp_path}/out/model-{name}" for name in ("fp16", "int8")] == exports(done)
    for variant in ("fp16", "int8"):
        folder = tmp_path / "out" / f"model-{variant}"
        results = verify_export(folder)
        assert (Status.PASS, {variant}) == (results.verdict, {row.variant for row in results.evaluations})
        assert {"wer", "transcript_mismatch_rate", "sqnr_db"} < {row.gate for row in results.verdicts}
        other = {"fp16": "int8", "int8": "fp16"}[variant]
        assert not [row.test for row in results.verdicts if f"-{other}" in row.test]
        key = next(row.key for row in results.artifacts if row.kind == f"{variant}-ir")
        gated = warm.cache / f"{variant}-ir" / key[:32] / "model.bin"
        assert file_digest(gated) == results.ir["openvino_model.bin"]
        assert LABELS[5] in json.loads((folder / "vocab.json").read_text())
        assert (tiny.model / "config.json").read_bytes() == (folder / "config.json").read_bytes()
        assert not list(folder.glob("*.safetensors"))
        text = (folder / "results.json").read_text() + (folder / "README.md").read_text()
        assert [] == [where for where in (warm.cache, tiny.model, tiny.corpus) if str(where.parent) in text]


def test_what_failed_is_not_exported(warm: Warm, failing: Path, tmp_path: Path) -> None:
    """A failed gate blocks the export of its variant only; the line names the gate and the option."""
    done = exporting(warm, tmp_path / "out", [GRAPH, TRANSCRIPTS, WER], suite=failing)
    assert 10 == done.code, done.output
    assert [
        "not exported: model fp16: failed size_ratio; --export-failed exports it anyway",
        f"exported: model int8 to {tmp_path}/out/model-int8",
    ] == exports(done)
    assert ["model-int8"] == [path.name for path in (tmp_path / "out").iterdir()]


def test_a_calibration_that_failed_holds_back_int8_alone(warm: Warm, tiny: Tiny, tmp_path: Path) -> None:
    """Calibration does not affect FP16, and the results of its export do not mention it."""
    suite = tiny.suite(tmp_path / "strict.toml", calibration_audio__utterances_min="300")
    tests = [TRANSCRIPTS, WER, "accuracy/test_calibration_audio.py"]
    done = exporting(warm, tmp_path / "out", tests, suite=suite)
    assert 10 == done.code, done.output
    assert [
        f"exported: model fp16 to {tmp_path}/out/model-fp16",
        "not exported: model int8: failed calibration_utterances; --export-failed exports it anyway",
    ] == exports(done)
    results = verify_export(tmp_path / "out" / "model-fp16")
    assert [] == [row.gate for row in results.verdicts if row.status is not Status.PASS]


def test_what_failed_is_exported_on_demand_and_marked(warm: Warm, failing: Path, tmp_path: Path) -> None:
    """With --export-failed its results and its card name the failed gate."""
    done = exporting(warm, tmp_path / "out", [GRAPH, TRANSCRIPTS, WER], "--export-failed", suite=failing)
    assert [
        f"exported: model fp16, which FAILED, to {tmp_path}/out/model-fp16",
        f"exported: model int8 to {tmp_path}/out/model-int8",
    ] == exports(done)
    assert 10 == done.code
    found = [verify_export(tmp_path / "out" / name).verdict for name in ("model-fp16", "model-int8")]
    assert [Status.FAIL, Status.PASS] == found
    assert "It **FAILED** its gates: size_ratio." in (tmp_path / "out" / "model-fp16" / "README.md").read_text()


def test_what_was_not_gated_is_not_called_passed(warm: Warm, tmp_path: Path) -> None:
    """A selection without the WER or the transcripts exports nothing, not even with --export-failed.

    The run says so at its end, and exit code 0 becomes 13.
    """
    done = exporting(warm, tmp_path / "out", [GRAPH, WER], "--export-failed", "-k", "fp16")
    needed = f"transcript_mismatch_rate and wer; run {TRANSCRIPTS} and {WER} too"
    assert [
        "not exported: model fp16: its gates transcript_mismatch_rate did not run on every corpus that was evaluated",
        "not exported: model int8: its gates transcript_mismatch_rate, wer did not run on any corpus",
        f"ERROR: --export wrote nothing: no variant ran the gates that an export needs, {needed}, or all of accuracy/",
    ] == exports(done)
    assert (13, False) == (done.code, (tmp_path / "out").exists()), done.output


def test_a_run_that_was_cut_short_exports_nothing(warm: Warm, tiny: Tiny, tmp_path: Path) -> None:
    """An incomplete run (-x) exports nothing."""
    sizes = {f"thresholds__{variant}__size_ratio_max": "0.01" for variant in ("fp16", "int8")}
    suite = tiny.suite(tmp_path / "failing.toml", **sizes)
    done = exporting(warm, tmp_path / "out", [GRAPH, WER], "-x", "--export-failed", suite=suite)
    lines = [f"not exported: model {variant}: the run was cut short, " for variant in ("fp16", "int8")]
    assert (10, 2) == (done.code, len(exports(done))), done.output
    assert all(line.startswith(start) for line, start in zip(exports(done), lines, strict=True)), done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("body", "options", "variants"),
    [
        ("assert variant_name != 'fp16'", (), {"fp16"}),
        ("import os; os._exit(1) if variant_name == 'fp16' else None", ("-n", "2"), {"fp16", "int8"}),
    ],
    ids=["failed", "took its worker down"],
)
def test_a_test_that_fails_without_a_verdict_counts(
    body: str, options: Sequence[str], variants: set[str], warm: Warm, tmp_path: Path
) -> None:
    """A failed test blocks its variant; a crashed worker blocks all variants."""
    more = tmp_path / "test_more.py"
    more.write_text(f"def test_more(model, variant_name):\n    {body}\n")
    config = ("-c", str(ROOT / "pytest.ini"), "--rootdir", str(ROOT), "--import-mode", "importlib")
    done = exporting(warm, tmp_path / "out", [TRANSCRIPTS, WER, str(more)], *config, *options)
    kept_back = {line.split()[3].rstrip(":") for line in exports(done) if line.startswith("not exported: model")}
    assert (1, variants) == (done.code, kept_back), done.output
    assert all("test_more" in line or "cut short" in line for line in exports(done) if line.startswith("not"))


def test_a_place_that_is_taken_is_told_before_the_work(warm: Warm, tmp_path: Path) -> None:
    """A file, and a folder of somebody else's, in one line each, with nothing run and nothing touched."""
    taken = tmp_path / "out" / "model-int8"
    taken.mkdir(parents=True)
    (taken / "thesis.txt").write_text("years of work")
    done = exporting(warm, tmp_path / "out", [WER])
    line = f"ERROR: export folder '{taken}' is not an export of this suite; "
    line += "only an earlier export of model int8 is replaced;"
    assert [True] == [found.startswith(line) for found in exports(done)], done.output
    assert (13, ["thesis.txt"], False) == (done.code, [path.name for path in taken.iterdir()], "passed" in done.output)
    done = exporting(warm, taken / "thesis.txt", [WER])
    assert [
        f"ERROR: export directory '{taken}/thesis.txt': '{taken}/thesis.txt' is a file; name a folder with --export DIR"
    ] == exports(done)


def test_to_export_what_failed_needs_a_folder(warm: Warm) -> None:
    """--export-failed without --export is rejected."""
    done = run([WER], "--suite", str(warm.suite), "--export-failed")
    assert (4, ["ERROR: --export-failed needs a folder to export to; add --export DIR"]) == (
        done.code,
        exports(done),
    )


def test_a_folder_that_is_taken_meanwhile_is_an_error(warm: Warm, tmp_path: Path) -> None:
    """A folder that appears during the run is not overwritten: one line, and exit code 13."""
    taken = tmp_path / "out" / "model-int8"
    more = tmp_path / "test_more.py"
    more.write_text(f"def test_more():\n    from pathlib import Path\n    Path({str(taken)!r}).mkdir(parents=True)\n")
    config = ("-c", str(ROOT / "pytest.ini"), "--rootdir", str(ROOT), "--import-mode", "importlib")
    done = exporting(warm, tmp_path / "out", [TRANSCRIPTS, WER, str(more)], *config)
    assert (13, f"exported: model fp16 to {tmp_path}/out/model-fp16") == (done.code, exports(done)[0]), done.output
    assert exports(done)[1].startswith(f"ERROR: export folder '{taken}' is not an export of this suite;")


@pytest.fixture
def elsewhere(warm: Warm, tmp_path: Path) -> Path:
    """An IR from elsewhere, in a folder like that of optimum-intel."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    key = next(row["key"] for row in warm.cold.results["artifacts"] if row["kind"] == "int8-ir")
    for suffix in ("xml", "bin"):
        shutil.copyfile(warm.cache / "int8-ir" / key[:32] / f"model.{suffix}", folder / f"openvino_model.{suffix}")
    return folder


def test_a_candidate_is_exported_with_the_models_processor(warm: Warm, elsewhere: Path, tmp_path: Path) -> None:
    """The IR is the candidate's, byte for byte, under its own name; the rest comes from the reference model."""
    options = ("--candidate", str(elsewhere), "--precisions", "none")
    done = exporting(warm, tmp_path / "out", [TRANSCRIPTS, WER], *options)
    assert [f"exported: model elsewhere to {tmp_path}/out/model-elsewhere"] == exports(done), done.output
    results = verify_export(tmp_path / "out" / "model-elsewhere")
    assert {name: file_digest(elsewhere / name) for name in results.ir} == results.ir
    assert ({"elsewhere"}, True) == ({row.variant for row in results.evaluations}, "config.json" in results.files)
    assert str(tmp_path) not in results.model_dump_json()


def test_a_candidate_that_changes_during_the_run_is_not_exported(warm: Warm, elsewhere: Path, tmp_path: Path) -> None:
    """A file that changed after the gates is not exported."""
    more = tmp_path / "test_more.py"
    path = str(elsewhere / "openvino_model.xml")
    more.write_text(f"def test_more():\n    with open({path!r}, 'a') as stream:\n        stream.write(' ')\n")
    config = ("-c", str(ROOT / "pytest.ini"), "--rootdir", str(ROOT), "--import-mode", "importlib")
    options = ("--candidate", str(elsewhere), "--precisions", "none", *config)
    done = exporting(warm, tmp_path / "out", [TRANSCRIPTS, WER, str(more)], *options)
    line = f"ERROR: '{path}' of model elsewhere is not the file that was gated;"
    assert (13, True) == (done.code, "".join(exports(done)).startswith(line)), done.output
    assert [] == list((tmp_path / "out").iterdir())


def test_an_onnx_model_is_exported_as_ir_labels_and_results(warm: Warm, tmp_path: Path) -> None:
    """A model unknown to transformers is exported with labels and frontend, without a config.json."""
    Spelling(5).export(tmp_path / "net.onnx")
    (tmp_path / "tokens.txt").write_text("<blk> 0\n| 1\nA 2\nB 3\nC 4\n")
    done = exporting(
        warm,
        tmp_path / "out",
        [TRANSCRIPTS, WER],
        *("--model", str(tmp_path / "net.onnx"), "--precisions", "fp16", "--blank", "<blk>"),
    )
    assert [f"exported: net.onnx fp16 to {tmp_path}/out/net.onnx-fp16"] == exports(done), done.output
    folder = tmp_path / "out" / "net.onnx-fp16"
    results = verify_export(folder)
    assert {"tokens.txt", "frontend.json"} == set(results.files)
    assert ["<blk>", "|", "A", "B", "C"] == json.loads((folder / "frontend.json").read_text())["alphabet"]["labels"]
    assert "This model has no transformers configuration" in (folder / "README.md").read_text()
    assert "onnxruntime" in (folder / "README.md").read_text()
