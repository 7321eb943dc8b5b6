"""ONNX files of many kinds from end to end: logits and transcripts of ONNX Runtime, FP16 IR and INT8 IR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.networks import HOP, RECEPTIVE_FIELD, Spelling, export_tutorial
from tests.support.shipped import section
from tests.support.tiny import LABELS, RATE, Tiny, save_processor, sound
from wergate.config.quantization import QuantizationSettings
from wergate.errors import InputTooShortError, SuiteError
from wergate.models.checkpoint import load_model, resolve_checkpoint
from wergate.models.labels import LabelOptions
from wergate.models.onnx import OnnxModel
from wergate.models.onnx_file import OnnxOptions, open_onnx
from wergate.models.processor import load_frontend
from wergate.networks.alphabet import Units
from wergate.networks.frontend import Frontend
from wergate.networks.ir.execution import executed_work
from wergate.networks.ir.file import ir_signature
from wergate.quantization.nncf import quantize
from wergate.recognizers.base import Recognizer
from wergate.recognizers.onnx import onnx_signature
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.recognizers.pytorch import PyTorchRecognizer

FP16_TOLERANCE = 0.002  # fraction of the largest logit; rounding to half precision changes weights by at most 0.0005
LETTERS = "<blk> 0\n<space> 1\na 2\nb 3\nc 4\n"


def model(path: Path, **options: Any) -> OnnxModel:
    """Return the model of a file, with options by their names."""
    audio = {name: options.pop(name) for name in ("sampling_rate", "normalize_audio") if name in options}
    return OnnxModel(open_onnx(path, OnnxOptions(LabelOptions(**options), **audio)))


def compiled(path: Path, frontend: Frontend, **options: Any) -> OpenVinoRecognizer:
    return OpenVinoRecognizer(path, frontend, device="CPU", inference_precision="f32", **options)


def transcripts(recognizer: Recognizer, waveforms: Sequence[np.ndarray]) -> list[str]:
    """Return the transcripts of waveforms."""
    alphabet = recognizer.frontend.alphabet
    return [alphabet.text(logits.argmax(-1).tolist()) for logits in recognizer.logits_of(waveforms)]


@dataclass(frozen=True)
class Case:
    """A network, its label file, label ids that its inputs encode frame by frame, and the expected transcripts."""

    id: str
    network: Spelling
    encoded: tuple[tuple[int, ...], ...] = ((2, 2, 0, 2, 3, 1, 4), (3,), (4, 1, 2, 0, 0, 3))
    expected: tuple[str, ...] = ("aab c", "b", "c ab")
    labels: str = LETTERS
    options: dict[str, Any] = field(default_factory=dict)


SUBWORDS = "<unk> 0\n▁the 1\n▁th 2\nink 3\ning 4\n▁ 5\ns 6\n<blk> 7\n"
PHONEMES = "<pad>\nDH\nAH0\nK\nAE1\nT\n"
HAN = "_\n你\n好\n吗\n"
CASES = (
    Case("letters, frames-major", Spelling(5)),
    Case("letters, declared", Spelling(5, declared=True)),
    Case("labels-major", Spelling(5, labels_major=True)),
    Case("labels-major, declared", Spelling(5, labels_major=True, declared=True)),
    Case("log-probabilities", Spelling(5, log_probabilities=True, names=("audio_signal", "logprobs"))),
    Case("log-probabilities, labels-major", Spelling(5, log_probabilities=True, labels_major=True)),
    Case("a channel", Spelling(5, channel=True)),
    Case("an int32 length", Spelling(5, length="int32")),
    Case("an int64 length, labels-major", Spelling(5, length="int64", labels_major=True)),
    Case("a mask", Spelling(5, mask="int64")),
    Case("a mask and a length", Spelling(5, mask="int32", length="int64")),
    Case("a mask of padding", Spelling(5, mask="bool", ones_are_padding=True)),
    Case("a batch of one", Spelling(5, batch=False)),
    Case(
        "subwords",
        Spelling(8, log_probabilities=True),
        ((1, 1, 7, 2, 3, 6), (2, 3, 4, 5, 6, 7, 6)),
        ("the thinks", "thinking ss"),
        SUBWORDS,
    ),
    Case("phonemes", Spelling(6), ((1, 2, 0, 3, 4, 5, 5),), ("DH AH0 K AE1 T",), PHONEMES, {"units": "phonemes"}),
    Case(
        "letters of NeMo, the blank not listed",
        Spelling(5, log_probabilities=True, names=("audio_signal", "logprobs")),
        ((1, 1, 4, 1, 2, 0, 3), (2,), (3, 0, 1, 4, 4, 2)),
        ("aab c", "b", "c ab"),
        '[" ", "a", "b", "c"]',
    ),
    Case("labels that join without spaces", Spelling(4), ((1, 2, 2, 0, 2, 3),), ("你好好吗",), HAN),
)


@dataclass(frozen=True)
class Built:
    """The model, the frontend and the two IRs of a case."""

    case: Case
    model: OnnxModel
    frontend: Frontend
    fp16: Path
    int8: Path

    @property
    def waveforms(self) -> list[np.ndarray]:
        return [self.case.network.waveform(ids) for ids in self.case.encoded]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.id)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return each case, with both IRs built from its ONNX file."""
    case, folder = request.param, tmp_path_factory.mktemp("network")
    name = "labels.json" if case.labels.startswith("[") else "tokens.txt"
    (folder / name).write_text(case.labels, encoding="utf-8")
    found = model(case.network.export(folder / "net.onnx"), **case.options)
    frontend, fp16, int8 = found.frontend(), folder / "fp16.xml", folder / "int8.xml"
    found.convert(fp16)
    signature = ir_signature(fp16, case.network.labels)
    waveforms = [case.network.waveform([*range(case.network.labels), *ids]) for ids in case.encoded]
    quantize(fp16, [signature.feed(waveform[None]) for waveform in waveforms], section(QuantizationSettings), int8)
    return Built(case, found, frontend, fp16, int8)


def test_the_frontend_is_measured_and_read(built: Built) -> None:
    """The frame geometry comes from inferences, the labels from the label file."""
    frontend = built.frontend
    assert (RECEPTIVE_FIELD, HOP) == (frontend.receptive_field, frontend.hop)
    assert (RATE, False, built.case.network.labels) == (
        frontend.sampling_rate,
        frontend.normalize,
        len(frontend.alphabet.labels),
    )


def test_onnx_runtime_decodes_the_encoded_labels(built: Built) -> None:
    """The reference recognizer gives the expected transcripts."""
    assert list(built.case.expected) == transcripts(built.model.recognizer(built.frontend), built.waveforms)


def test_the_fp16_ir_gives_the_reference_logits(built: Built) -> None:
    """The logits agree at f32 inference precision, in batches of several lengths."""
    reference, candidate = built.model.recognizer(built.frontend), compiled(built.fp16, built.frontend)
    for seconds in (0.025, 0.3, 1.7):
        batch = np.stack([sound(seconds, seed=seed) for seed in (1, 2)])
        expected = reference.logits(batch)
        assert (2, built.frontend.frame_count(batch.shape[1]), built.case.network.labels) == expected.shape
        atol = FP16_TOLERANCE * float(np.abs(expected).max())
        np.testing.assert_allclose(candidate.logits(batch), expected, atol=atol)
    assert list(built.case.expected) == transcripts(candidate, built.waveforms)


def test_the_int8_ir_gives_the_same_transcripts(built: Built) -> None:
    """It is quantized, runs on one stream and on two, and decodes to the reference transcripts."""
    assert "FakeQuantize" in built.int8.read_text()
    for streams in (1, 2):
        recognizer = compiled(built.int8, built.frontend, streams=streams)
        assert list(built.case.expected) == transcripts(recognizer, built.waveforms)


def test_the_int8_ir_runs_in_8_bits(built: Built) -> None:
    """Its convolution runs in 8 bits, with all kinds of inputs."""
    work = executed_work(built.int8, device="CPU", inference_precision="f32", sampling_rate=RATE)
    assert (1, 1.0) == (len(work.layers), work.int8_share)


def test_an_input_that_is_too_short_is_rejected(built: Built) -> None:
    """The recognizers of ONNX Runtime and of the IR reject it; the message has both lengths."""
    for recognizer in (built.model.recognizer(built.frontend), compiled(built.fp16, built.frontend)):
        with pytest.raises(InputTooShortError, match=r"input of 399 samples is too short: .* at least 400 samples"):
            recognizer.logits(np.zeros((1, 399), np.float32))


@dataclass(frozen=True)
class Tutorial:
    """The tutorial's ONNX file of the tiny Data2Vec, and the checkpoint that it was exported from."""

    model: OnnxModel
    frontend: Frontend
    pytorch: PyTorchRecognizer
    folder: Path


@pytest.fixture(scope="module")
def tutorial(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Tutorial:
    """Return the file `data2vec.onnx` with the processor files in its folder."""
    folder = tmp_path_factory.mktemp("tutorial")
    save_processor(folder)
    found = model(export_tutorial(tiny.model, folder / "data2vec.onnx"))
    checkpoint = resolve_checkpoint(str(tiny.model), folder)
    torch_model = load_model(checkpoint)
    pytorch = PyTorchRecognizer(load_frontend(checkpoint, torch_model), lambda: torch_model)
    return Tutorial(found, found.frontend(), pytorch, folder)


def test_the_tutorials_export_has_the_checkpoints_frontend(tutorial: Tutorial) -> None:
    """Geometry, normalization, rate and all rules of the alphabet agree, that on special labels too."""
    onnx, checkpoint = tutorial.frontend, tutorial.pytorch.frontend
    for name in ("sampling_rate", "normalize", "receptive_field", "hop"):
        assert (name, getattr(checkpoint, name)) == (name, getattr(onnx, name))
    assert LABELS == onnx.alphabet.labels
    assert checkpoint.alphabet == onnx.alphabet
    assert ("<s>", "</s>", "<unk>") == onnx.alphabet.special


def test_the_tutorials_export_gives_pytorchs_logits(tutorial: Tutorial) -> None:
    """The logits of ONNX Runtime agree with those of the checkpoint, and the FP16 IR's with both."""
    onnx = tutorial.model.recognizer(tutorial.frontend)
    tutorial.model.convert(tutorial.folder / "fp16.xml")
    fp16 = compiled(tutorial.folder / "fp16.xml", tutorial.frontend)
    for seconds in (0.1, 0.8, 2.3):
        batch = np.stack([sound(seconds, seed=seed) for seed in (3, 4)])
        expected = tutorial.pytorch.logits(batch)
        largest = float(np.abs(expected).max())
        np.testing.assert_allclose(onnx.logits(batch), expected, atol=1e-4 * largest)
        np.testing.assert_allclose(fp16.logits(batch), onnx.logits(batch), atol=0.02 * largest)


def test_the_tutorials_export_is_quantized(tutorial: Tutorial) -> None:
    """NNCF quantizes the IR of the ONNX file; its logits are finite and have the shape of the reference's."""
    fp16, int8 = tutorial.folder / "for_int8.xml", tutorial.folder / "int8.xml"
    tutorial.model.convert(fp16)
    signature = ir_signature(fp16, len(LABELS))
    inputs = [signature.feed(tutorial.frontend.features(sound(1.0, seed=seed))[None]) for seed in range(3)]
    quantize(fp16, inputs, section(QuantizationSettings), int8)
    logits = compiled(int8, tutorial.frontend).logits(sound(1.3, seed=9)[None])
    assert (1, tutorial.frontend.frame_count(20_800), len(LABELS)) == logits.shape
    assert np.isfinite(logits).all()


def test_signatures_refer_to_the_inputs_of_the_file(tmp_path: Path) -> None:
    """Inputs have names in the signature of an ONNX file and positions in that of its IR."""
    (tmp_path / "tokens.txt").write_text(LETTERS)
    path = Spelling(5, length="int32", labels_major=True).export(tmp_path / "net.onnx")
    model(path).convert(tmp_path / "net.xml")
    for signature, keys in ((onnx_signature(path, 5), ("x.1", "n")), (ir_signature(tmp_path / "net.xml", 5), (0, 1))):
        assert signature.inputs.length is not None
        assert (keys, 1, True) == (
            (signature.inputs.waveform.key, signature.inputs.length.key),
            signature.output,
            signature.labels_major,
        )


def test_units_can_be_given(tmp_path: Path) -> None:
    """The option overrides the detected units."""
    for units in ("letters", "subwords", "phonemes"):
        given: Units = units
        (tmp_path / "tokens.txt").write_text(LETTERS)
        path = Spelling(5).export(tmp_path / "net.onnx")
        assert given == model(path, units=given).frontend().alphabet.units


def test_another_number_of_labels_is_rejected(tmp_path: Path) -> None:
    """The message has both numbers, before anything is measured or built."""
    (tmp_path / "tokens.txt").write_text(LETTERS)
    found = model(Spelling(6).export(tmp_path / "net.onnx"))
    with pytest.raises(SuiteError, match=r"model 'net.onnx' gives 6 values per frame, but there are 5 labels"):
        found.frontend()


@pytest.mark.parametrize(("padding", "receptive_field", "shortest"), [(100, 200, 200), (200, 0, 1), (300, -200, 1)])
def test_a_padded_network_is_measured(padding: int, receptive_field: int, shortest: int, tmp_path: Path) -> None:
    """Padding reduces the receptive field; the shortest input is at least one sample."""
    (tmp_path / "tokens.txt").write_text(LETTERS)
    found = model(Spelling(5, padding=padding).export(tmp_path / "net.onnx"))
    frontend = found.frontend()
    assert (receptive_field, HOP, shortest) == (frontend.receptive_field, frontend.hop, frontend.shortest_input())
    found.convert(tmp_path / "fp16.xml")
    reference, candidate = found.recognizer(frontend), compiled(tmp_path / "fp16.xml", frontend)
    for samples in (shortest, shortest + 1, 3 * HOP, 3 * HOP + 1, 5000):
        waveforms = sound(1.0, seed=samples)[None, :samples]
        expected = reference.logits(waveforms)
        assert frontend.frame_count(samples) == expected.shape[1]
        np.testing.assert_allclose(candidate.logits(waveforms), expected, atol=0.2)
    with pytest.raises(InputTooShortError, match=f"input of {shortest - 1} samples is too short"):
        candidate.logits(np.zeros((1, shortest - 1), np.float32))


def test_a_network_with_a_longer_shortest_input_is_measured(tmp_path: Path) -> None:
    """Shorter inputs are rejected although the formula gives frames for them."""
    (tmp_path / "tokens.txt").write_text(LETTERS)
    found = model(Spelling(5, wanted=2000).export(tmp_path / "net.onnx"))
    frontend = found.frontend()
    assert (RECEPTIVE_FIELD, HOP, 2000) == (frontend.receptive_field, frontend.hop, frontend.shortest_input())
    recognizer = found.recognizer(frontend)
    assert 6 == frontend.frame_count(2000) == recognizer.logits(np.zeros((1, 2000), np.float32)).shape[1]
    with pytest.raises(InputTooShortError, match=r"input of 1999 samples is too short: .* at least 2000 samples"):
        recognizer.logits(np.zeros((1, 1999), np.float32))


def test_a_fixed_length_is_rejected(tmp_path: Path) -> None:
    """A network for one length cannot run utterances of any length."""
    import torch

    (tmp_path / "tokens.txt").write_text(LETTERS)
    path = tmp_path / "net.onnx"
    with torch.no_grad():
        torch.onnx.export(torch.nn.Flatten(), (torch.zeros(1, 30_480),), path, input_names=["inputs"], dynamo=False)
    with pytest.raises(SuiteError, match=r"fixed shape: input 'inputs' float32 \(1, 30480\); .* dynamic axes"):
        model(path).frontend()
