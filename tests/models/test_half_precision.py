"""Weights in half precision: sizes at four bytes a parameter, harmless rounding, and layers put back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.mutations.ir_edits import edit
from tests.support.networks import export_tutorial, with_weights_in
from tests.support.shipped import section
from tests.support.tiny import LABELS, Tiny, save_processor, sound
from tests.support.variants import REQUIRED, make_variant
from wergate.config.quantization import QuantizationSettings
from wergate.config.thresholds import Thresholds
from wergate.gates.ir import size_verdict, weights_verdict
from wergate.models.checkpoint import float32_bytes, resolve_checkpoint
from wergate.models.onnx import OnnxModel
from wergate.models.onnx_file import OnnxOptions, open_onnx
from wergate.networks.ir.file import compile_ir, ir_signature, read_ir
from wergate.networks.ir.layers import QuantizedIr
from wergate.networks.ir.weights import LayerWeights, constant_values, weight_errors
from wergate.networks.logits import difference
from wergate.quantization.nncf import quantize
from wergate.verdict import Status

FP16_RATIO, INT8_RATIO = 0.55, 0.35  # of the shipped thresholds
LIMIT = 0.01
SEVEN_BITS = 1 / 126
_PRECISION = {"INFERENCE_PRECISION_HINT": "f32"}


def saved(folder: Path, source: Path, dtype: str, *, safe: bool = True) -> Path:
    """Save the tiny checkpoint in another precision."""
    import torch
    from transformers import AutoModelForCTC

    model = AutoModelForCTC.from_pretrained(source, dtype=getattr(torch, dtype))
    model.save_pretrained(folder)
    if not safe:
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    save_processor(folder)
    return folder


@pytest.mark.parametrize("safe", [True, False])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_a_checkpoints_size_is_that_of_four_bytes_a_parameter(
    dtype: str, safe: bool, tiny: Tiny, tmp_path: Path
) -> None:
    """Whatever precision it is stored in, and for a pickle too, up to the headers of the files."""
    headers = 0.08 if safe else 0.4
    full = resolve_checkpoint(str(tiny.model), tmp_path)
    found = resolve_checkpoint(str(saved(tmp_path / "m", tiny.model, dtype, safe=safe)), tmp_path, allow_pickle=True)
    assert pytest.approx(full.weight_bytes, rel=headers) == float32_bytes(found)
    assert (dtype != "float32") == (found.weight_bytes < 0.6 * float32_bytes(found))


@dataclass(frozen=True)
class Half:
    """The tiny checkpoint as an ONNX file of half precision, with its IRs."""

    model: OnnxModel
    full_bytes: int
    fp16: Path
    int8: Path

    def logits(self, model: Any) -> np.ndarray:
        """Return the logits of a model for one second of audio."""
        import openvino as ov

        signature = ir_signature(self.fp16, len(LABELS))
        compiled = ov.Core().compile_model(model, "CPU", _PRECISION)
        return signature.logits(compiled(signature.feed(sound(1.0, seed=5)[None]))[signature.output])[0]


@pytest.fixture(scope="module")
def half(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Half:
    """Return the network that also computes in half precision, quantized."""
    folder = tmp_path_factory.mktemp("half")
    return quantized_from(export_tutorial(tiny.model, folder / "net.onnx", half=True), tiny)


@pytest.fixture(scope="module", params=["FLOAT16", "BFLOAT16"])
def stored(request: pytest.FixtureRequest, tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Half:
    """Return the network whose weights alone are in half precision, quantized."""
    folder = tmp_path_factory.mktemp("stored")
    full = export_tutorial(tiny.model, folder / "source.onnx", opset=14)
    return quantized_from(with_weights_in(request.param, full, folder / "net.onnx"), tiny)


def quantized_from(path: Path, tiny: Tiny) -> Half:
    """Return a network of half precision with its IRs, next to its file."""
    folder = path.parent
    save_processor(folder)
    full = export_tutorial(tiny.model, folder / "full.onnx")
    model = OnnxModel(open_onnx(path, OnnxOptions()))
    fp16, int8 = folder / "fp16.xml", folder / "int8.xml"
    model.convert(fp16)
    signature = ir_signature(fp16, len(LABELS))
    feeds = [signature.feed(sound(1.0, seed=seed)[None]) for seed in range(6)]
    quantize(fp16, feeds, section(QuantizationSettings), int8)
    return Half(model, full.stat().st_size, fp16, int8)


def test_an_onnx_files_size_is_that_of_four_bytes_a_parameter(half: Half) -> None:
    """The network in half precision is compared as the one in full precision is."""
    assert pytest.approx(half.full_bytes, rel=0.05) == half.model.float32_bytes
    assert half.model.weight_bytes < 0.8 * half.full_bytes  # the graph is as large as the weights


@pytest.mark.parametrize(
    ("ratio", "status"), [(0.5, Status.PASS), (0.56, Status.FAIL)], ids=["half the size", "not compressed"]
)
def test_the_verdict_on_size_says_how_the_file_is_stored(ratio: float, status: Status) -> None:
    """An IR of half the size passes, although the file in half precision is as small."""
    thresholds = Thresholds(**REQUIRED | {"size_ratio_max": FP16_RATIO})
    variant = replace(make_variant("fp16"), thresholds=thresholds)
    ir_bytes, full, stored = round(ratio * 4_000_000), 4_000_000, 2_000_000
    verdict = size_verdict(variant, ir_bytes=ir_bytes, weight_bytes=full, stored_bytes=stored)
    assert (status, ratio) == (verdict.status, verdict.value)
    assert "checkpoint 4.00 MB at four bytes a parameter, 2.00 MB as stored in half precision" in verdict.basis
    assert "half" not in size_verdict(variant, ir_bytes=ir_bytes, weight_bytes=full, stored_bytes=full).basis


def test_the_graph_of_a_tiny_network_is_told_from_its_weights() -> None:
    """The remedy names what takes the room; a large IR without compressed weights keeps the other one."""
    variant = replace(make_variant("int8"), thresholds=Thresholds(**REQUIRED | {"size_ratio_max": 0.35}))
    tiny = size_verdict(variant, ir_bytes=290_000, weight_bytes=400_000, graph_bytes=190_000)
    assert Status.FAIL is tiny.status
    assert tiny.line.endswith(
        "; the graph alone, the .xml, takes 0.19 MB, and the weights are small enough: raise "
        "thresholds.int8.size_ratio_max for so small a network"
    )
    large = size_verdict(variant, ir_bytes=290_000, weight_bytes=400_000, graph_bytes=90_000)
    assert large.line.endswith("; check whether the weights are compressed: FP16 constants, i8 weights")


def test_rounding_in_half_precision_is_no_fault(half: Half) -> None:
    """No layer of a network that computes in half precision is further away than rounding explains."""
    layers = weight_errors(half.fp16, half.int8)
    assert 20 == len(layers)
    for layer in layers:
        assert layer.error <= layer.rounding
        assert pytest.approx(SEVEN_BITS + 6 / 2048) == layer.rounding
    assert Status.PASS is weights_verdict(layers, LIMIT, make_variant()).status


def test_weights_stored_in_half_precision_are_those_of_the_ir(stored: Half) -> None:
    """Sizes, 8-bit weights and layers put back, where only the weights are in half precision."""
    assert pytest.approx(stored.full_bytes, rel=0.1) == stored.model.float32_bytes
    layers = weight_errors(stored.fp16, stored.int8)
    assert 20 == len(layers)
    assert all(layer.error <= layer.rounding == pytest.approx(SEVEN_BITS + 3 / 2048) for layer in layers)
    assert Status.PASS is weights_verdict(layers, LIMIT, make_variant()).status
    quantized = QuantizedIr(stored.int8, stored.fp16)
    restored = stored.logits(quantized.without([layer.name for layer in quantized.layers]))
    assert difference(reference=stored.logits(read_ir(stored.fp16)), candidate=restored).sqnr_db > 50


def test_a_fault_in_half_precision_is_a_fault(half: Half, tmp_path: Path) -> None:
    """A layer whose weights are one step off exceeds what rounding explains, and is named."""
    import openvino as ov

    ov.save_model(read_ir(half.int8), tmp_path / "bad.xml", compress_to_fp16=False)

    def shift(layers: dict[str, Any]) -> None:
        next(layer for name, layer in layers.items() if "k_proj" in name).weights += 1

    edit(tmp_path / "bad.xml", shift)
    verdict = weights_verdict(weight_errors(half.fp16, tmp_path / "bad.xml"), LIMIT, make_variant())
    assert Status.FAIL is verdict.status
    assert "k_proj" in verdict.basis
    assert "compared with the FP16 IR; rounding alone explains 0.0109" in verdict.basis


def test_the_limit_is_the_threshold_where_rounding_makes_less() -> None:
    """The layer that exceeds its own limit most is shown, even if another has a larger error."""
    rounded, bad = LayerWeights("rounded", 0.0108, 0.0109), LayerWeights("bad", 0.0105, 0.0094)
    for layers, status, name in (
        ([rounded], Status.PASS, "rounded"),
        ([rounded, bad], Status.FAIL, "bad"),
        ([LayerWeights("strict", 0.0094, 0.0094)], Status.PASS, "strict"),
        ([rounded, LayerWeights("unknown", float("nan"), 0.0094)], Status.FAIL, "unknown"),
    ):
        verdict = weights_verdict(layers, LIMIT, make_variant())
        assert status is verdict.status
        assert name in verdict.basis


def test_layers_of_half_precision_are_put_back(half: Half) -> None:
    """Each alone gives a valid network, and all of them give the FP16 IR's logits."""
    quantized = QuantizedIr(half.int8, half.fp16)
    expected = half.logits(read_ir(half.fp16))
    for layer in quantized.layers:
        quantized.without([layer.name])
    restored = half.logits(quantized.without([layer.name for layer in quantized.layers]))
    int8 = half.logits(read_ir(half.int8))
    assert difference(reference=expected, candidate=restored).sqnr_db > 50  # as in the shipped suite file
    assert difference(reference=expected, candidate=int8).sqnr_db < 40
    compile_ir(half.int8, "CPU", _PRECISION)


@pytest.mark.parametrize("kind", ["f16", "bf16", "f32", "i8", "i4"])
def test_constants_of_every_type_are_read(kind: str) -> None:
    """Weights in bf16 too, whose bits are not those of f16."""
    import openvino as ov

    values = np.array([1.0, -2.0, 7.0], np.float32)
    constant = ov.opset13.constant(values, dtype=getattr(ov.Type, kind))
    np.testing.assert_array_equal(values, constant_values(constant))
