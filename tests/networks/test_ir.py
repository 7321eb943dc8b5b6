"""Quantization that an IR states and precision that its compiled model executes, on IRs of the tiny model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from tests.support.suite_run import Warm
from tests.support.tiny import RATE, Tiny
from wergate.config.quantization import IgnoredScope
from wergate.networks.ir.execution import ExecutedLayer, ExecutedWork, GraphCounts, executed_work, graph_counts
from wergate.networks.ir.work import product_macs
from wergate.session.session import Session


@pytest.fixture(scope="module")
def opened(tiny: Tiny, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Return a session on the filled cache."""
    return tiny.session(tmp_path_factory.mktemp("ir"), warm.cache)


def layer(precision: str, macs: int) -> ExecutedLayer:
    """Return a layer with this precision and work."""
    return ExecutedLayer("x", "FullyConnected", "brgemm", precision, macs)


def test_share_is_weighted_by_work() -> None:
    """The share counts multiply-accumulates, not layers."""
    work = ExecutedWork((layer("i8", 50), layer("u8", 25), layer("f32", 5), layer("bf16", 20)))
    assert work.int8_share == 0.75
    assert ["bf16", "f32"] == [fallback.precision for fallback in work.fallbacks]


def test_no_work_is_no_8_bit_work() -> None:
    """An empty model does not pass as quantized."""
    assert ExecutedWork(()).int8_share == 0.0


def test_every_executed_layer_has_work(opened: Session, tiny: Tiny) -> None:
    """Every layer has work, so its kernel was found, and no work of the IR is missing."""
    for precision in ("fp16", "int8"):
        work = _executed(opened, tiny, precision)
        assert [] == [found.name for found in work.layers if found.macs <= 0]
        kinds = {found.kind for found in work.layers}
        assert {"FullyConnected", "Convolution"} < kinds <= {"FullyConnected", "Convolution", "Subgraph", "MatMul"}
        assert 0 == work.unseen_macs


def test_work_without_a_layer_is_not_in_8_bits() -> None:
    """Work that the runtime model does not show lowers the share."""
    assert 0.5 == ExecutedWork((layer("i8", 50),), unseen_macs=50).int8_share


def test_attention_is_work(opened: Session, tiny: Tiny) -> None:
    """Each layer has two products of frames by frames by channels; INT8 leaves the second one in floating point."""
    work = _executed(opened, tiny, "int8")
    products = [found for found in work.layers if found.name.endswith(("(scores)", "(values)"))]
    frames = 249
    assert [frames * frames * 32] * 4 == [found.macs for found in products]
    assert [True, False] * 2 == [found.eight_bit for found in products]
    assert {found.name for found in products[1::2]} == {found.name for found in work.fallbacks}
    assert all("no FakeQuantize before its values" in found.reason for found in work.fallbacks)


def test_unquantized_layers_have_a_reason(opened: Session, tiny: Tiny) -> None:
    """Every layer of the FP16 IR runs in floating point; layers of an ignored scope have another reason."""
    work = _executed(opened, tiny, "fp16")
    assert len(work.layers) == len(work.fallbacks)
    assert all(found.reason.startswith("no FakeQuantize before its ") for found in work.fallbacks)
    scope = IgnoredScope(types=["Convolution"], patterns=[".*k_proj.*"])
    path = opened.variant(str(tiny.model), "fp16").path
    scoped = executed_work(path, device="CPU", inference_precision="f32", sampling_rate=RATE, ignored_scope=scope)
    ignored = [found.name for found in scoped.layers if "ignored_scope" in found.reason]
    assert 4 + 2 == len(ignored), ignored


def product(folder: Path, *, levels: int, weights: type[np.generic]) -> ExecutedWork:
    """Return the executed work of one product of frames and weights, after a FakeQuantize of `levels` levels."""
    samples = ops.parameter([1, -1], np.float32, name="input_values")
    frames = ops.reshape(samples, np.array([1, -1, 160]), special_zero=False)
    bounds = [np.float32(value) for value in (-1, 1, -1, 1)]
    quantized = ops.fake_quantize(frames, *bounds, levels)
    constant = ops.constant(np.ones((160, 32), weights))
    scaled = ops.multiply(ops.convert(constant, "f32"), np.float32(0.01))
    logits = ops.matmul(quantized, scaled, transpose_a=False, transpose_b=False)
    ov.save_model(ov.Model([logits], [samples], "product"), folder / "model.xml", compress_to_fp16=False)
    return executed_work(folder / "model.xml", device="CPU", inference_precision="f32", sampling_rate=RATE)


def test_fake_quantize_is_no_evidence(tmp_path: Path) -> None:
    """A product after a FakeQuantize of 256 levels runs in 8 bits; after one of 65,536 levels it runs in f32."""
    (tmp_path / "eight").mkdir()
    (tmp_path / "sixteen").mkdir()
    assert 1.0 == product(tmp_path / "eight", levels=256, weights=np.int8).int8_share
    work = product(tmp_path / "sixteen", levels=65_536, weights=np.int8)
    assert 0.0 == work.int8_share
    assert graph_counts(tmp_path / "sixteen" / "model.xml").fake_quantize == 1
    (found,) = work.fallbacks
    assert found.reason.startswith("quantized in the IR, but "), found


def test_quantized_inputs_alone_are_no_8_bit_work(tmp_path: Path) -> None:
    """A product of quantized inputs and floating-point weights runs in floating point, and the reason says why."""
    (found,) = product(tmp_path, levels=256, weights=np.float32).fallbacks
    assert "no FakeQuantize before its operand 2" in found.reason


def test_products_are_weighed_by_their_shapes() -> None:
    """Products that are plain, in batches, broadcast or transposed cost c m k n."""
    assert 2 * 3 * 5 == product_macs([2, 3], [3, 5], [2, 5])
    assert 7 * 2 * 3 * 5 == product_macs([7, 2, 3], [7, 3, 5], [7, 2, 5])
    assert 7 * 2 * 3 * 5 == product_macs([7, 2, 3], [3, 5], [7, 2, 5])
    assert 7 * 4 * 2 * 3 * 5 == product_macs([7, 1, 2, 3], [1, 4, 5, 3], [7, 4, 2, 5])


def test_work_is_that_of_the_architecture(opened: Session, tiny: Tiny) -> None:
    """The work of the feature encoder's convolutions on five seconds follows from their shapes."""
    encoder, frames, channels = [], 5 * 16_000, 1
    for kernel, stride in zip((10, 8, 4, 4), (5, 4, 4, 4), strict=True):
        frames = (frames - kernel) // stride + 1
        encoder.append(frames * 16 * kernel * channels)
        channels = 16
    found = [x.macs for x in _executed(opened, tiny, "fp16").layers if x.kind == "Convolution"]
    assert encoder == found[:4]


def test_int8_works_in_8_bit_and_fp16_does_not(opened: Session, tiny: Tiny) -> None:
    """Most work of the INT8 IR runs in 8 bits, none of the FP16 IR."""
    assert _executed(opened, tiny, "int8").int8_share > 0.8
    assert _executed(opened, tiny, "fp16").int8_share == 0.0


def test_graph_counts(opened: Session, tiny: Tiny) -> None:
    """The FP16 IR has no quantizer; the INT8 IR has many, 8-bit weights, and fewer bytes of weights."""
    fp16, int8 = (
        opened.models.graph(opened.variant(str(tiny.model), precision).path) for precision in ("fp16", "int8")
    )
    assert GraphCounts(0, 0, fp16.bytes) == fp16
    assert int8.fake_quantize > 0
    assert int8.int8_weights >= 2 * 6 + 1, "six projections in each of two layers, and the head"
    assert _weight_bytes(opened, tiny, "int8") < _weight_bytes(opened, tiny, "fp16")


def _executed(opened: Session, tiny: Tiny, precision: str) -> ExecutedWork:
    model = str(tiny.model)
    return opened.models.executed(model, opened.variant(model, precision).path)


def _weight_bytes(opened: Session, tiny: Tiny, precision: str) -> int:
    path: Path = opened.models.ir(str(tiny.model), precision).file("model.bin")
    return path.stat().st_size
