"""Conversion, POT and inference in the legacy environment with OpenVINO 2023.3; `tox run -e pot` sets it up."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset16

from tests.support.networks import Spelling
from tests.support.tiny import Spoken, Tiny, encoded, write_corpus
from wergate.errors import SuiteError
from wergate.networks.alphabet import Alphabet
from wergate.networks.ctc import greedy_decode
from wergate.networks.frontend import Frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE
from wergate.networks.ir.execution import graph_counts
from wergate.quantization.legacy import Legacy, LegacyError, find_legacy, run_step
from wergate.quantization.pot import LOG_FILE, read_pot_report
from wergate.session.session import Session
from wergate.store import Store
from wergate.studies.pot.runtimes import LegacyRecognizer

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("WERGATE_LEGACY_PYTHON", str(ROOT / ".tox" / "pot" / "legacy" / "bin" / "python"))
pytestmark = pytest.mark.skipif(not Path(PYTHON).exists(), reason="no legacy environment: `tox run -e pot` sets it up")


@pytest.fixture(scope="module")
def legacy() -> Legacy:
    """Return the legacy environment."""
    return find_legacy(PYTHON)


@pytest.fixture(scope="module")
def pot_session(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Return a session whose IRs are built in the legacy environment."""
    folder = tmp_path_factory.mktemp("pot")
    return tiny.session(folder, folder / "cache", quantizer='"pot"', legacy_python=f'"{PYTHON}"')


def test_both_irs_are_artifacts(
    pot_session: Session, tiny: Tiny, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both are built once and stored with POT's log and report; nothing is written to the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    model = str(tiny.model)
    fp16, int8 = pot_session.models.ir(model, "fp16"), pot_session.models.ir(model, "int8")
    assert {FRONTEND_FILE, LOG_FILE, MODEL_FILE, "model.bin", "manifest.json"} == {
        p.name for p in fp16.folder.iterdir()
    }
    assert 0 == graph_counts(fp16.file(MODEL_FILE)).fake_quantize
    assert graph_counts(int8.file(MODEL_FILE)).int8_weights > 8
    report = read_pot_report(int8)
    assert ("DefaultQuantization", "performance", 3) == (report.algorithm, report.preset, report.utterances)
    assert "Quantizing model with performance preset and DefaultQuantization" in int8.file(LOG_FILE).read_text()
    again = Session(pot_session.config, embedded=tmp_path, store=Store(pot_session.store.root))
    assert not any(again.models.ir(model, variant).built for variant in ("fp16", "int8"))
    assert not list((tmp_path / "home").iterdir())


def test_both_runtimes_give_the_same_logits(pot_session: Session, legacy: Legacy, tiny: Tiny, tmp_path: Path) -> None:
    """The FP16 IR gives the same logits on OpenVINO 2023.3 and on the installed version, except for rounding."""
    model = str(tiny.model)
    utterances = [np.random.default_rng(seed).normal(0, 0.1, 9000 + 500 * seed).astype(np.float32) for seed in (1, 2)]
    old = LegacyRecognizer(
        pot_session.variant(model, "fp16").path, pot_session.frontend(model), legacy, folder=tmp_path
    )
    for found, today in zip(
        old.logits_of(utterances),
        pot_session.recognizers.dynamic(pot_session.variant(model, "fp16")).logits_of(utterances),
        strict=True,
    ):
        assert found == pytest.approx(today, abs=1e-3)


def test_an_unsupported_operation_is_named(legacy: Legacy, tmp_path: Path) -> None:
    """GELU as one operation is newer than the Model Optimizer of 2023.3."""
    import onnx
    from onnx import TensorProto, helper

    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", "s"]) for name in ("inputs", "logits")]
    graph = helper.make_graph([helper.make_node("Gelu", ["inputs"], ["logits"])], "g", ports[:1], ports[1:])
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.save(network, tmp_path / "gelu.onnx")
    job = {"onnx": str(tmp_path / "gelu.onnx"), "ir": str(tmp_path / "gelu.xml")}
    with pytest.raises(LegacyError, match=r"does not support the following ONNX operations: Gelu; .* log is kept in"):
        run_step(legacy, "convert", lambda _: job, folder=tmp_path, log=tmp_path / "convert.log")


def test_an_ir_that_is_newer_than_the_runtime(legacy: Legacy, tmp_path: Path) -> None:
    """The message has the operation of a newer operation set and the remedy."""
    samples = opset16.parameter([-1, -1], np.float32, name="inputs")
    ov.save_model(ov.Model([opset16.identity(samples)], [samples], "m"), tmp_path / "new.xml")
    frontend = Frontend(16_000, False, 400, 320, Alphabet(("<pad>", "A"), 0, None))  # noqa: FBT003 - of its fields
    recognizer = LegacyRecognizer(tmp_path / "new.xml", frontend, legacy, folder=tmp_path)
    with pytest.raises(
        SuiteError, match=r"^OpenVINO 2023\.3 cannot run IR .*: Cannot create Identity .*opset16; it accepts"
    ):
        recognizer.logits(np.zeros((1, 16_000), np.float32))


def test_an_ignored_scope_that_names_nothing(tiny: Tiny, tmp_path: Path) -> None:
    """The message has the nearest operations of the IR, and POT does not start."""
    scope = '["/data2vec_audio/encoder/layers.0/feed_forward/output_dense/MatMull"]'
    session = tiny.session(
        tmp_path,
        tmp_path / "cache",
        quantizer='"pot"',
        legacy_python=f'"{PYTHON}"',
        pot__ignored_scope__names=scope,
    )
    with pytest.raises(SuiteError, match=r"is not an operation of the IR; the nearest are: .*output_dense/MatMul"):
        session.models.ir(str(tiny.model), "int8")


def test_a_model_with_a_mask_is_rejected(tmp_path: Path, tiny: Tiny) -> None:
    """POT supports only waveforms as input."""
    network = Spelling(3, mask="int64").export(tmp_path / "net.onnx")
    (tmp_path / "labels.txt").write_text("<pad>\nA\nB\n")
    session = tiny.session(
        tmp_path, tmp_path / "cache", models=f'["{network}"]', quantizer='"pot"', legacy_python=f'"{PYTHON}"'
    )
    with pytest.raises(SuiteError, match="the model takes 2 inputs"):
        session.models.ir(str(network), "int8")


@pytest.mark.study("pot")
def test_accuracy_aware_quantization_reverts_operations(pot_session: Session, tiny: Tiny, tmp_path: Path) -> None:
    """With FP16's transcripts as references, it reverts operations until INT8 gives the same transcripts."""
    model, frontend = str(tiny.model), pot_session.frontend(str(tiny.model))
    samples = [
        utterance.waveform.samples
        for utterance in pot_session.corpora.calibration(model).utterances(frontend.sampling_rate)
    ]
    fp16 = pot_session.recognizers.dynamic(pot_session.variant(model, "fp16"))
    texts = [greedy_decode(logits, frontend.alphabet) for logits in fp16.logits_of(samples)]
    corpus = [Spoken(f"s{n}", text, encoded(audio)) for n, (text, audio) in enumerate(zip(texts, samples, strict=True))]
    calibration = write_corpus(tmp_path / "corpus.parquet", corpus)
    aware = tiny.session(
        tmp_path,
        pot_session.store.root,
        quantizer='"pot-accuracy-aware"',
        legacy_python=f'"{PYTHON}"',
        calibration=f'"{calibration}"',
        accuracy_control__max_drop="0.0",
        pot__ranking_subset_size="1",
    )
    int8 = aware.models.ir(model, "int8")
    report = read_pot_report(int8)
    fp16_wer, int8_wer, final_wer = report.wers
    assert fp16_wer == pytest.approx(0, abs=1e-6)
    assert final_wer < int8_wer
    known = {op.get_friendly_name() for op in ov.Core().read_model(pot_session.variant(model, "fp16").path).get_ops()}
    assert report.reverted
    assert set(report.reverted) <= known
