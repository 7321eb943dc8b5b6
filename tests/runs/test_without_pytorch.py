"""An ONNX file and candidates are gated without PyTorch; a checkpoint is refused in one line."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest

from tests.support.networks import Spelling
from tests.support.suite_run import Run, finish, start
from tests.support.tiny import Spoken, SuiteFile, encoded, write_corpus

LABELS = ("<blk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
WORDS = ("TEN", "RAINED", "SINGS", "OLD", "CAT")
TEXTS = tuple(" ".join(pair) for pair in permutations(WORDS, 2))  # equal audio in both corpora would be refused
NETWORK = Spelling(len(LABELS))
WITHOUT_PYTORCH = ("-p", "tests.support.without_torch")


def spoken(number: int) -> Spoken:
    """Return an utterance of two words whose waveform spells them."""
    text = TEXTS[number]
    ids = [label for character in text.replace(" ", "|") for label in (LABELS.index(character), 0)]
    return Spoken(f"u{number}", text, encoded(NETWORK.waveform(ids), container="WAV", subtype="FLOAT"))


@dataclass(frozen=True)
class Gated:
    """The ONNX file's folder, and its first run."""

    folder: Path
    run: Run


def gated(folder: Path, name: str, *options: str) -> Run:
    """Run all accuracy gates in a process that finds no PyTorch."""
    given = ("--suite", str(folder / "tiny.toml"), "--cache-dir", str(folder / "cache"), *options)
    results = folder / f"{name}.json"
    return finish(start(["accuracy"], *WITHOUT_PYTORCH, *given, "--results", str(results)), results)


@pytest.fixture(scope="module")
def onnx(tmp_path_factory: pytest.TempPathFactory) -> Gated:
    """A network that writes what its waveforms spell."""
    folder = tmp_path_factory.mktemp("onnx")
    (folder / "tokens.txt").write_text("".join(f"{label} {number}\n" for number, label in enumerate(LABELS)))
    corpora = [
        write_corpus(folder / f"{name}.parquet", [spoken(number) for number in numbers])
        for name, numbers in (("evaluation", range(8)), ("calibration", range(8, 14)))
    ]
    SuiteFile(NETWORK.write(folder / "net.onnx"), *corpora).write(folder / "tiny.toml")
    return Gated(folder, gated(folder, "onnx"))


def test_an_onnx_file_is_gated(onnx: Gated) -> None:
    """Both IRs are built and pass; the only gate of torchmetrics is skipped with its reason."""
    assert 0 == onnx.run.code, onnx.run.output
    assert "torch absent" in onnx.run.output or "skipped" in onnx.run.output
    assert onnx.run.results is not None
    assert {"fp16", "int8", "onnxruntime"} == {row["subject"].lower() for row in onnx.run.results["verdicts"]}
    assert [] == onnx.run.gate("wer_headline_difference", "INT8")
    assert [0.0] == [row["value"] for row in onnx.run.gate("wer", "FP16")]


def test_a_candidate_is_gated(onnx: Gated) -> None:
    """It is compared with the ONNX file that it was converted from."""
    (ir,) = (onnx.folder / "cache" / "fp16-ir").glob("*/model.xml")
    done = gated(onnx.folder, "candidate", "--precisions", "none", "--candidate", str(ir))
    assert 0 == done.code, done.output
    assert done.results is not None
    assert {ir.parent.name} == {row["variant"] for row in done.results["evaluations"]}


def test_a_checkpoint_is_refused_in_one_line(onnx: Gated) -> None:
    """Before transformers prints its own advice."""
    done = gated(onnx.folder, "checkpoint", "--model", "embedded", "-x")
    assert 13 == done.code, done.output
    message = "model 'embedded' is a checkpoint, and PyTorch, which runs it, is not installed; "
    assert any(message in line and line.endswith("--model FILE.onnx") for line in done.output.splitlines())
    assert "Traceback" not in done.output
