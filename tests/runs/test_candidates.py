"""`--candidate PATH`: IRs from elsewhere pass the same gates under their own names, or are rejected."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import RATE, Tiny, save_model
from wergate.errors import SuiteError
from wergate.models.candidates import find_candidate, require_same_frames, require_sampling_rate
from wergate.networks.alphabet import Alphabet
from wergate.networks.frontend import Frontend, read_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE


def as_exported(ir: Path, folder: Path) -> Path:
    """Lay an IR out as optimum-intel's export does."""
    folder.mkdir()
    for suffix in (".xml", ".bin"):
        shutil.copy(ir / f"model{suffix}", folder / f"openvino_model{suffix}")
    return folder


def gated(warm: Warm, tmp_path: Path, *options: str, tests: tuple[str, ...] = ("accuracy",)) -> Run:
    """Run the gates over the filled cache."""
    plain = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache))
    return run(list(tests), *plain, *options, results=tmp_path / "results.json")


def test_candidates_pass_the_gates_of_their_kind(warm: Warm, tmp_path: Path) -> None:
    """The thresholds of INT8 apply to a quantized candidate, those of FP16 to others; own variants do not run."""
    quantized = as_exported(warm.ir("int8"), tmp_path / "by-hand-int8")
    plain = as_exported(warm.ir("fp16"), tmp_path / "by-hand-fp16")
    done = gated(warm, tmp_path, "--precisions", "none", "--candidate", str(quantized), "--candidate", str(plain))
    assert 0 == done.code, done.output
    assert done.results is not None
    assert {"by-hand-int8", "by-hand-fp16"} == {row["variant"] for row in done.results["evaluations"]}
    gates = {"wer", "transcript_mismatch_rate", "sqnr_db", "int8_work", "size_ratio", "length_max_abs_delta"}
    for name, share in (("by-hand-int8", 0.8), ("by-hand-fp16", 0.0)):
        held = {row["gate"]: row["threshold"] for row in done.results["verdicts"] if row["subject"] == name}
        assert gates <= held.keys()
        assert share == held["int8_work"]
    assert not {"FP16", "INT8"} & {row["subject"] for row in done.results["verdicts"]}


def test_a_candidate_beside_ours_gives_what_ours_gives(warm: Warm, tmp_path: Path) -> None:
    """The same IR under another name has the same word errors and logits."""
    copy = as_exported(warm.ir("int8"), tmp_path / "copy")
    done = gated(warm, tmp_path, "--candidate", str(copy / "openvino_model.xml"), tests=("accuracy/test_wer.py",))
    assert 0 == done.code, done.output
    assert done.results is not None
    rows = {row["variant"]: row for row in done.results["evaluations"]}
    assert {"fp16", "int8", "copy"} == rows.keys()
    assert rows["int8"]["logits"] == rows["copy"]["logits"]
    assert rows["int8"]["candidate"] == rows["copy"]["candidate"]


def test_a_candidate_that_padding_does_not_change_runs_in_buckets(warm: Warm, tmp_path: Path) -> None:
    """Own IRs and NNCF results declare their padding; an IR without a declaration runs unpadded."""
    folders = [as_exported(warm.ir(name), tmp_path / f"copy-{name}") for name in ("fp16", "int8")]
    silent = as_exported(warm.ir("int8"), tmp_path / "silent") / "openvino_model.xml"
    noted = silent.read_text()
    silent.write_text(re.sub(r"<wergate>.*?</wergate>", "", noted, flags=re.DOTALL))
    assert noted != silent.read_text()
    options = [part for given in (*folders, silent) for part in ("--candidate", str(given))]
    done = gated(warm, tmp_path, "--precisions", "none", *options, tests=("accuracy/test_buckets.py",))
    assert 0 == done.code, done.output
    assert done.results is not None
    held = [row["subject"] for row in done.results["verdicts"] if row["gate"] == "bucket_sqnr_db"]
    assert {"copy-fp16", "copy-int8"} == set(held)


def test_a_broken_candidate_fails_its_gates(warm: Warm, tmp_path: Path) -> None:
    """An IR with weights from another seed loads, but fails the gates of this model."""
    from wergate.models.checkpoint import load_model, resolve_checkpoint
    from wergate.networks.ir.conversion import export

    folder = save_model(tmp_path / "another", seed=8)
    export(load_model(resolve_checkpoint(str(folder), tmp_path)), tmp_path / "other.xml")
    options = ("--precisions", "none", "--candidate", str(tmp_path / "other.xml"))
    strict = warm.suite.read_text().replace('"thresholds"."fp16"."argmax_agreement_min" = 0.0', "")
    (tmp_path / "strict.toml").write_text(strict + '"thresholds"."fp16"."argmax_agreement_min" = 0.99\n')
    done = gated(warm, tmp_path, *options, "--suite", str(tmp_path / "strict.toml"), tests=("accuracy/test_logits.py",))
    assert 10 == done.code, done.output
    assert "other argmax_agreement=0." in done.output


def test_a_candidate_is_timed_and_compiled(warm: Warm, tmp_path: Path) -> None:
    """Its timed answers are checked against the reference model, and its speed-up has its name."""
    copy = as_exported(warm.ir("int8"), tmp_path / "copy")
    quick = ("--benchmark-max-time", "0.01", "--benchmark-min-rounds", "1", "--benchmark-storage", str(tmp_path))
    options = ("--model", _model(warm), "--candidate", str(copy), *quick, "-k", "copy and 1s")
    tests = ("benchmarks/test_latency.py", "benchmarks/test_speedup.py")
    done = gated(warm, tmp_path, *options, tests=tests)
    assert done.results is not None
    assert {("copy", "fp16"), ("copy", "pytorch")} == {(row["fast"], row["slow"]) for row in done.results["ratios"]}
    assert "copy 1 s" in {row["name"] for row in done.results["benchmarks"]}


def _model(warm: Warm) -> str:
    (model,) = tomllib.loads(warm.suite.read_text())["models"]
    return str(model)


@dataclass(frozen=True)
class Refused:
    """A candidate that cannot be compared with the reference model, and the message."""

    id: str
    make: Callable[[Path], Path]
    message: str


def _other_vocabulary(folder: Path) -> Path:
    return _converted(folder, vocab_size=21)


def _other_frames(folder: Path) -> Path:
    return _converted(folder, conv_stride=(5, 4, 4, 2))


def _converted(folder: Path, **changes: object) -> Path:
    from wergate.models.checkpoint import load_model, resolve_checkpoint
    from wergate.networks.ir.conversion import export

    model = load_model(resolve_checkpoint(str(save_model(folder / "model", **changes)), folder))
    export(model, folder / "mine.xml")
    return folder / "mine.xml"


REFUSED = (
    Refused("vocabulary", _other_vocabulary, "gives 21 values per frame, but there are 22 labels"),
    Refused("frames", _other_frames, "candidate 'mine' gives 97 frames for 16000 samples, but the reference model 49"),
)


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_another_model_is_refused(refused: Refused, warm: Warm, tmp_path: Path) -> None:
    """Both figures are named, and the option."""
    candidate = refused.make(tmp_path)
    options = ("--precisions", "none", "--candidate", str(candidate))
    done = gated(warm, tmp_path, *options, tests=("accuracy/test_wer.py",))
    assert 0 != done.code
    assert refused.message in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("file", ["preprocessor_config.json", "processor_config.json"])
def test_another_sampling_rate_is_refused(file: str, warm: Warm, tmp_path: Path) -> None:
    """The processor files in its folder declare the input of an IR."""
    folder = as_exported(warm.ir("int8"), tmp_path / "slow")
    settings = {"sampling_rate": 8000}
    (folder / file).write_text(
        json.dumps({"feature_extractor": settings} if file.startswith("processor") else settings)
    )
    options = ("--precisions", "none", "--candidate", str(folder))
    done = gated(warm, tmp_path, *options, tests=("accuracy/test_wer.py",))
    assert 0 != done.code
    assert "candidate 'slow' takes audio at 8000 Hz, but the reference model at 16000 Hz" in done.output


@dataclass(frozen=True)
class Geared:
    """A recognizer with a frame geometry that differs from the reference model."""

    frontend: Frontend
    geometry: Frontend

    def logits(self, waveforms: np.ndarray) -> np.ndarray:
        """Return as many frames as its geometry gives."""
        return np.zeros((1, self.geometry.frame_count(waveforms.shape[1]), 2), np.float32)

    def logits_of(self, utterances: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return them for each utterance."""
        return [self.logits(samples[None])[0] for samples in utterances]


@pytest.mark.parametrize("other", [(399, 320), (401, 320), (400, 319), (400, 321), (80, 320)])
def test_frames_that_differ_at_some_length_only_are_refused(other: tuple[int, int]) -> None:
    """A sample more or less of the receptive field or the hop, though one second may have equal frames."""
    ours = Frontend(RATE, True, 400, 320, Alphabet(("_", "A"), 0, None))  # noqa: FBT003 - normalized
    require_same_frames("mine", Geared(ours, ours))
    geared = Geared(ours, replace(ours, receptive_field=other[0], hop=other[1]))
    with pytest.raises(SuiteError, match=r"gives (\d+) frames for \d+ samples, but the reference model (?!\1;)\d+;"):
        require_same_frames("mine", geared)


@pytest.mark.parametrize("settings", ["[]", '{"feature_extractor": "none"}', "{"], ids=["a list", "a word", "no JSON"])
def test_a_processor_file_of_another_form_has_no_effect(settings: str, warm: Warm, tmp_path: Path) -> None:
    """Unrelated files in the folder of the IR do not matter."""
    folder = as_exported(warm.ir("fp16"), tmp_path / "odd")
    (folder / "preprocessor_config.json").write_text(settings)
    require_sampling_rate("odd", folder / "openvino_model.xml", read_frontend(warm.ir("fp16") / FRONTEND_FILE))


@pytest.mark.parametrize(("suffix", "size"), [(".bin", 1000), (".xml", 1000)])
def test_a_damaged_candidate_is_reported(suffix: str, size: int, warm: Warm, tmp_path: Path) -> None:
    """The message blames the file and not the device, whichever gate runs first."""
    folder = as_exported(warm.ir("fp16"), tmp_path / "cut")
    path = folder / f"openvino_model{suffix}"
    path.write_bytes(path.read_bytes()[:size])
    tests = ("accuracy/test_graph.py", "accuracy/test_wer.py")
    done = gated(warm, tmp_path, "--precisions", "none", "--candidate", str(folder), tests=tests)
    assert 0 != done.code
    assert "ERROR: IR 'cut/openvino_model.xml' cannot be read: " in done.output
    assert "Traceback" not in done.output
    assert "RuntimeError" not in done.output


def test_names_are_those_of_folders_or_files(tmp_path: Path) -> None:
    """A candidate called `openvino_model.xml` gets the name of its folder."""
    for name in ("a/openvino_model", "b/mine"):
        for suffix in (".xml", ".bin"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / f"{name}{suffix}").write_text("")
    assert ("a", tmp_path / "a" / "openvino_model.xml") == find_candidate(str(tmp_path / "a"))
    assert ("a", tmp_path / "a" / "openvino_model.xml") == find_candidate(str(tmp_path / "a" / "openvino_model.xml"))
    assert ("mine", tmp_path / "b" / "mine.xml") == find_candidate(str(tmp_path / "b"))


@pytest.mark.parametrize(
    ("files", "given", "message"),
    [
        ((), "absent", "is not an OpenVINO IR; an .xml with its .bin"),
        (("mine.onnx",), "mine.onnx", "is not an OpenVINO IR; an .xml with its .bin"),
        (("mine.xml",), "mine.xml", "has no weights: 'mine.bin' is missing in the folder of 'mine.xml'"),
        (("a.xml", "b.xml"), "", "should hold one IR, but has a.xml, b.xml"),
        (("a.txt",), "", "should hold one IR, but has none"),
    ],
    ids=["absent", "another format", "no weights", "two of them", "none of them"],
)
def test_what_is_no_ir_is_reported(files: tuple[str, ...], given: str, message: str, tmp_path: Path) -> None:
    """The path and what is accepted."""
    for name in files:
        (tmp_path / name).write_text("")
    with pytest.raises(SuiteError, match=message) as caught:
        find_candidate(str(tmp_path / given))
    assert "--candidate" in str(caught.value) or "copy them again" in str(caught.value)


def test_two_of_one_name_are_refused(warm: Warm, tmp_path: Path) -> None:
    """Tables and results could not distinguish them."""
    (tmp_path / "x").mkdir()
    twins = [as_exported(warm.ir("int8"), tmp_path / place / "twin") for place in (".", "x")]
    options = [part for twin in twins for part in ("--candidate", str(twin))]
    done = gated(warm, tmp_path, *options, "--collect-only")
    assert "has the name 'twin' of another variant" in done.output
    assert 0 != done.code


def test_whose_candidate_it_is_must_be_clear(warm: Warm, tiny: Tiny, tmp_path: Path) -> None:
    """Options for one model are rejected in a run of two models, with a remedy."""
    two = ("--model", str(tiny.model), "--model", "embedded", "--candidate", str(tmp_path))
    done = gated(warm, tmp_path, *two, "--collect-only")
    assert 0 != done.code
    assert "--candidate" in done.output
