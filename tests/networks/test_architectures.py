"""All architectures with a CTC head and a raw waveform as input: PyTorch, FP32, FP16 and INT8 IR at many lengths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
import torch

from tests.support.architectures import ARCHITECTURES, Architecture
from tests.support.shipped import section
from tests.support.tiny import RATE, sound
from wergate.config.quantization import IgnoredScope, QuantizationSettings
from wergate.errors import SuiteError
from wergate.models.checkpoint import load_model, resolve_checkpoint
from wergate.models.processor import load_frontend
from wergate.networks.frontend import Frontend
from wergate.networks.ir.conversion import export
from wergate.networks.ir.execution import graph_counts
from wergate.networks.ir.file import ir_signature
from wergate.networks.ir.padding import blind_to_padding
from wergate.networks.logits import difference
from wergate.quantization.nncf import quantize
from wergate.recognizers.base import Recognizer
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.recognizers.pytorch import PyTorchRecognizer

TOLERANCE = 1e-4
HOP = 320  # hop of the convolutions over the waveform; with an adapter it is a multiple of this
MASKED_WELL = {  # one positional convolution and layer norm: zeroing the padded frames once is enough
    "wav2vec2, layer norm",
    "wav2vec2, stable layer norm",
    "hubert, stable layer norm",
    "wavlm, stable layer norm",
    "unispeech, stable layer norm",
    "unispeech-sat, stable layer norm",
}
LEAST_DB = {"fp16": 40.0, "int8": 10.0}  # for inputs of at least one second, on random weights


@dataclass(frozen=True)
class Built:
    """A checkpoint that is loaded, converted and quantized; each step runs when it is first needed."""

    architecture: Architecture
    folder: Path

    @cached_property
    def model(self) -> Any:
        """The PyTorch model."""
        saved = self.architecture.save(self.folder / "checkpoint")
        return load_model(resolve_checkpoint(str(saved), self.folder))

    @cached_property
    def frontend(self) -> Frontend:
        """The frontend of its processor."""
        model = self.model
        return load_frontend(resolve_checkpoint(str(self.folder / "checkpoint"), self.folder), model)

    @cached_property
    def pytorch(self) -> Recognizer:
        """The reference."""
        return PyTorchRecognizer(self.frontend, lambda: self.model)

    def ir(self, name: str) -> Path:
        """Return the IR of that name, built once."""
        path = self.folder / f"{name}.xml"
        if not path.exists() and name == "int8":
            signature = ir_signature(self.ir("fp16"), len(self.frontend.alphabet.labels))
            inputs = [signature.feed(self.frontend.features(sound(0.6 + 0.2 * n, seed=n))[None]) for n in range(3)]
            scope = IgnoredScope(types=list(self.architecture.ignored_types))
            quantize(self.ir("fp16"), inputs, section(QuantizationSettings, ignored_scope=scope), path)
        elif not path.exists():
            export(self.model, path, half=name == "fp16")
        return path

    def recognizer(self, name: str) -> Recognizer:
        """Return the IR of that name, compiled."""
        return OpenVinoRecognizer(self.ir(name), self.frontend, device="CPU", inference_precision="f32")

    @property
    def inputs(self) -> list[tuple[int, np.ndarray]]:
        """Inputs shorter and longer than the traced one, down to one frame, with and without samples left over."""
        fewest, hop = self.frontend.shortest_input(), self.frontend.hop
        lengths = (RATE, fewest, fewest + hop - 1, fewest + hop, fewest + 7 * hop + 1, 4321, 33_333, 70_000)
        return [(samples, sound(samples / RATE, seed=seed)[None, :samples]) for seed, samples in enumerate(lengths)]


@pytest.fixture(scope="module", params=ARCHITECTURES, ids=lambda architecture: architecture.id)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return one of the architectures."""
    return Built(request.param, tmp_path_factory.mktemp("architecture"))


def test_fp32_ir_equals_pytorch(built: Built, record_property: Any) -> None:
    """The uncompressed IR at f32 gives the same logits at every length, and as many frames as the formula."""
    ir, deltas = built.recognizer("fp32"), {}
    for samples, waveform in built.inputs:
        expected, found = built.pytorch.logits(waveform), ir.logits(waveform)
        assert expected.shape == found.shape == (1, built.frontend.frame_count(samples), expected.shape[2])
        deltas[samples] = float(np.abs(expected - found).max())
    record_property("max_abs_delta", deltas)
    assert max(deltas.values()) <= TOLERANCE, deltas


def padded(waveform: np.ndarray, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a waveform with silence after it, and its mask."""
    mask = np.zeros((1, waveform.shape[1] + samples), np.int64)
    mask[:, : waveform.shape[1]] = 1
    return np.pad(waveform, ((0, 0), (0, samples))), mask


@pytest.mark.filterwarnings("ignore:Support for mismatched")  # of mask types, by WavLM's attention
def test_padding_changes_no_frame(built: Built, record_property: Any) -> None:
    """With masked padding of any length, PyTorch and the FP16 IR at f32 give every frame the same logits."""
    ir, hop = ov.Core().compile_model(built.ir("fp16"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}), built.frontend.hop
    run, deltas = ir.create_infer_request(), {}
    for samples, waveform in built.inputs:
        unpadded = built.frontend.features(waveform[0])[None]
        alone = built.pytorch.logits(waveform), run.infer([unpadded, np.ones(unpadded.shape, np.int64)])[0].copy()
        for more in (1, hop - 1, 3 * hop, 7 * hop + 5):
            features, mask = padded(unpadded, more)
            with torch.inference_mode(), blind_to_padding(built.model):
                pytorch = built.model(torch.from_numpy(features), attention_mask=torch.from_numpy(mask)).logits.numpy()
            both = zip(alone, (pytorch, run.infer([features, mask])[0]), strict=True)
            deltas[samples, more] = [float(np.abs(one - two[:, : one.shape[1]]).max()) for one, two in both]
    record_property("max_abs_delta", {str(key): value for key, value in deltas.items()})
    assert max(max(found) for found in deltas.values()) <= TOLERANCE, deltas


@pytest.mark.filterwarnings("ignore:Support for mismatched")  # of mask types, by WavLM's attention
def test_padding_changes_logits_of_plain_transformers(built: Built) -> None:
    """The masking is needed: with transformers' own masking, padding changes logits of all other architectures."""
    (_, waveform), more = built.inputs[0], 7 * built.frontend.hop
    features, mask = padded(built.frontend.features(waveform[0])[None], more)
    alone = built.pytorch.logits(waveform)
    with torch.inference_mode():
        own = built.model(torch.from_numpy(features), attention_mask=torch.from_numpy(mask)).logits.numpy()
    moved = np.abs(own[:, : alone.shape[1]] - alone).max() > TOLERANCE
    assert moved == (built.architecture.id not in MASKED_WELL)


def test_samples_after_the_last_frame_change_nothing_if_they_are_cut(built: Built) -> None:
    """Recognizers cut an input to its whole frames only if the network ignores the samples after them."""
    rest = built.frontend.shortest_input() + 5 * built.frontend.hop + built.frontend.hop // 2
    features = torch.from_numpy(sound(rest / RATE, seed=3)[None, :rest])
    with torch.inference_mode():
        whole = built.model(features).logits
        used = built.model(features[:, : built.frontend.used_samples(rest)]).logits
    np.testing.assert_allclose(used, whole, atol=TOLERANCE)
    normalized_over_time = built.model.config.to_dict().get("feat_extract_norm", "layer") == "group"
    assert built.frontend.local != (normalized_over_time or built.frontend.hop > HOP)


@pytest.mark.parametrize("weights", ["fp16", "int8"])
def test_quantized_ir_runs(built: Built, weights: str, record_property: Any) -> None:
    """FP16 and INT8 IRs build, run at every length, and stay close to the reference."""
    ir = built.recognizer(weights)
    counts = graph_counts(built.ir(weights))
    assert (weights == "int8") == (counts.fake_quantize > 0)
    found = {n: difference(reference=built.pytorch.logits(x)[0], candidate=ir.logits(x)[0]) for n, x in built.inputs}
    ratios = {samples: round(compared.sqnr_db, 1) for samples, compared in found.items()}
    record_property("sqnr_db", ratios)
    assert min(ratios.values()) > 0, ratios
    assert min(ratio for samples, ratio in ratios.items() if samples >= RATE) > LEAST_DB[weights], ratios


class Eigenvalues(torch.nn.Module):
    """An operation that OpenVINO does not support."""

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        return torch.linalg.eigvalsh(hidden_states @ hidden_states.transpose(1, 2))


def test_a_model_that_openvino_cannot_convert_is_rejected(tmp_path: Path) -> None:
    """The message has the converter's reason."""
    built = Built(ARCHITECTURES[0], tmp_path)
    built.model.lm_head = Eigenvalues()
    message = r"Data2VecAudioForCTC cannot be converted by OpenVINO: No conversion rule found .* aten::linalg_eigvalsh"
    with pytest.raises(SuiteError, match=message):
        built.ir("fp16")
