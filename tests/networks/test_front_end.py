"""The spectral front end of a network: found where there is one, and restored whatever its quantized operations are."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import soundfile
from openvino import opset13 as ops

from tests.support.log_mel import LogMel
from tests.support.shipped import section
from tests.support.suite_run import Warm
from wergate.config.quantization import QuantizationSettings
from wergate.networks.ir.conversion import MODEL_FILE, convert_onnx
from wergate.networks.ir.equivalence import compare_graphs
from wergate.networks.ir.file import compile_ir, read_ir
from wergate.networks.ir.front_end import front_end
from wergate.networks.ir.layers import QuantizedIr
from wergate.networks.ir.precision import run_precision
from wergate.networks.logits import difference, total
from wergate.quantization.nncf import quantize

HINT = {"INFERENCE_PRECISION_HINT": "f32"}


def feeds(network: LogMel, count: int) -> list[dict[str, np.ndarray]]:
    """Return the inputs of the network for some utterances, which have different lengths."""
    audio = [soundfile.read(io.BytesIO(each.audio), dtype="float32")[0] for each in network.spoken(range(count))]
    return [{"wave": samples[None]} for samples in audio]


def sqnr_db(model: ov.Model, original: ov.Model, inputs: list[dict[str, np.ndarray]]) -> float:
    """Return the SQNR of a model's logits in dB, compared with the FP16 IR's."""
    own, expected = (ov.Core().compile_model(each, "CPU", HINT) for each in (model, original))
    return total(difference(reference=expected(feed)[0][0], candidate=own(feed)[0][0]) for feed in inputs).sqnr_db


@pytest.mark.parametrize("network", [LogMel(), LogMel(filters_first=True)], ids=["filters last", "filters first"])
def test_a_front_end_ends_before_the_first_learned_product(network: LogMel, tmp_path: Path) -> None:
    """It has the spectrogram's convolution, the mel filters, the logarithm and the normalization, and nothing else."""
    convert_onnx(network.write(tmp_path), tmp_path / "net.xml", name="net")
    found = front_end(read_ir(tmp_path / "net.xml"))
    assert all(name.startswith("mel/") for name in found)
    assert {"mel/stft", "mel/power", "mel/bands", "mel/floor", "mel/log", "mel/normalized"} <= found.keys()
    kinds = {"Convolution", "Multiply", "Add", "MatMul", "Log", "Subtract", "Divide"}
    assert kinds <= set(found.values())


def test_a_network_on_waveforms_has_no_front_end(warm: Warm) -> None:
    """The first convolution of Data2Vec is learned, and no logarithm follows."""
    assert {} == front_end(read_ir(warm.ir("fp16") / MODEL_FILE))


def test_a_logarithm_at_the_end_is_no_front_end() -> None:
    """Log-probabilities of squares follow the last learned product."""
    wave = ops.parameter([1, 8], np.float32)
    product = ops.matmul(wave, ops.constant(np.ones((8, 4), np.float32)), transpose_a=False, transpose_b=False)
    logarithm = ops.log(ops.multiply(product, product))
    assert {} == front_end(ov.Model([logarithm], [wave], "late"))


@pytest.mark.parametrize(
    "network",
    [LogMel(), LogMel(filters_first=True), LogMel(half=True)],
    ids=["weights in half precision", "filters on the left", "arithmetic in half precision"],
)
def test_a_quantized_front_end_is_restored(network: LogMel, tmp_path: Path) -> None:
    """SmoothQuant's scales and weights on either side are undone; NNCF corrects no bias where an epsilon is added."""
    original, quantized = tmp_path / "fp16.xml", tmp_path / "int8.xml"
    convert_onnx(network.write(tmp_path), original, name="net")
    inputs = feeds(network, 4)
    quantize(original, inputs, section(QuantizationSettings), quantized)
    assert () == compare_graphs(original, quantized, corrected_biases=True).differences
    ir, fp16 = QuantizedIr(quantized, original), read_ir(original)
    assert {"mel/stft", "mel/bands"} == ir.front_end
    assert sqnr_db(read_ir(quantized), fp16, inputs) < 10
    assert sqnr_db(ir.without(ir.front_end), fp16, inputs) > 20
    assert sqnr_db(ir.without([layer.name for layer in ir.layers]), fp16, inputs) > 60


def test_stored_weights_do_not_count_as_half_precision(tmp_path: Path) -> None:
    """The runtime keeps them as they are stored; it computes in single precision."""
    convert_onnx(LogMel(filters_first=True).write(tmp_path), tmp_path / "net.xml", name="net")
    found = run_precision(compile_ir(tmp_path / "net.xml", "CPU", HINT), asked="f32")
    assert ("f32", ()) == (found.reported, found.half)


def test_elementwise_operations_are_layers(tmp_path: Path) -> None:
    """Other settings than ours quantize products, sums and quotients of activations as well."""
    import nncf

    network, original, quantized = LogMel(), tmp_path / "fp16.xml", tmp_path / "int8.xml"
    convert_onnx(network.write(tmp_path), original, name="net")
    inputs = feeds(network, 4)
    ov.save_model(nncf.quantize(read_ir(original), nncf.Dataset(inputs), subset_size=4), quantized)
    ir = QuantizedIr(quantized, original)
    kinds = {layer.kind for layer in ir.layers if layer.name in ir.front_end}
    assert {"Convolution", "Multiply", "Add", "MatMul", "Subtract", "Divide"} <= kinds
    assert sqnr_db(ir.without([layer.name for layer in ir.layers]), read_ir(original), inputs) > 60
