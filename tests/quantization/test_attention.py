"""Attention whose second product runs in 8 bits: the graph, the runtime, the layers, and when it is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13

from tests.support.shipped import section
from wergate.config.quantization import IgnoredScope, QuantizationSettings
from wergate.environment.machine import cpu
from wergate.networks.ir.attention import is_chosen_by_error
from wergate.networks.ir.equivalence import compare_graphs
from wergate.networks.ir.execution import executed_work
from wergate.networks.ir.layers import QuantizedIr
from wergate.networks.ir.ranges import activation_ranges
from wergate.quantization.nncf import quantize

_HEADS, _SIZE = 2, 16
_CHANNELS = _HEADS * _SIZE
NAME = "attention"
RATE = 1600


@pytest.fixture
def fp16(tmp_path: Path) -> Path:
    """A convolution and one attention with few channels, so that its probabilities are spread."""
    return _saved(tmp_path / "fp16.xml", sharpness=(0.3, 0.3))


def test_both_products_run_in_8_bits(fp16: Path, tmp_path: Path) -> None:
    """The runtime model shows the scores and the values of the attention in 8 bits."""
    int8 = _quantized(fp16, tmp_path)
    work = executed_work(int8, device="CPU", inference_precision="f32", sampling_rate=RATE)
    parts = {layer.name: layer for layer in work.layers if layer.name.startswith(NAME)}
    assert list(parts) == [f"{NAME} (scores)", f"{NAME} (values)"]
    if cpu().has_dot_products:
        assert all(layer.eight_bit for layer in parts.values())


def test_its_graph_is_that_of_fp16(fp16: Path, tmp_path: Path) -> None:
    """Without its quantization, the attention taken apart is the attention of the FP16 IR."""
    comparison = compare_graphs(fp16, _quantized(fp16, tmp_path), corrected_biases=True)
    assert not comparison.differences
    assert comparison.matched == comparison.operations


def test_another_scale_of_the_scores_is_a_difference(fp16: Path, tmp_path: Path) -> None:
    """A factor of the scores that is a tenth larger is found."""
    model = ov.Core().read_model(_quantized(fp16, tmp_path))
    scores = next(op for op in model.get_ops() if op.get_friendly_name() == f"{NAME}/scores")
    (scaled,) = scores.output(0).get_target_inputs()
    factor = opset13.constant(np.float32(1.1 / np.sqrt(_SIZE)))
    scaled.get_node().input(1).replace_source_output(factor.output(0))
    ov.save_model(model, tmp_path / "edited.xml")
    assert len(compare_graphs(fp16, tmp_path / "edited.xml", corrected_biases=True).differences) == 1


def test_both_products_are_layers_of_the_attention(fp16: Path, tmp_path: Path) -> None:
    """Scope searches name the attention of the FP16 IR for both, and can put both back into floating point."""
    int8 = QuantizedIr(_quantized(fp16, tmp_path), fp16)
    layers = [layer for layer in int8.layers if layer.name.startswith(NAME)]
    assert [layer.twin for layer in layers] == [NAME, NAME]
    assert _sqnr_db(fp16, int8.without([layer.name for layer in int8.layers])) > 40


def test_it_costs_little(fp16: Path, tmp_path: Path) -> None:
    """The SQNR falls by less than 1 dB."""
    without, product = (_sqnr_db(fp16, ov.Core().read_model(_quantized(fp16, tmp_path, **changes))) for changes in BOTH)
    assert product > without - 1


BOTH: tuple[dict[str, Any], ...] = ({"attention_sqnr_db_min": None}, {})
LEFT_ALONE = {
    "by the setting": {"attention_sqnr_db_min": None},
    "by its error": {"attention_sqnr_db_min": 90.0},
    "by the ignored scope": {"ignored_scope": IgnoredScope(names=[NAME])},
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_it_is_left_alone(case: str, fp16: Path, tmp_path: Path) -> None:
    """The attention stays whole if a setting, its own error or the ignored scope says so."""
    int8 = _quantized(fp16, tmp_path, **LEFT_ALONE[case])
    assert NAME in {op.get_friendly_name() for op in ov.Core().read_model(int8).get_ops()}
    assert not any(is_chosen_by_error(stored.name) for stored in activation_ranges(int8))


def test_probabilities_of_one_or_nothing_stay_in_floating_point(tmp_path: Path) -> None:
    """No range bears one head's probabilities near 1 and another head's of a few thousandths."""
    int8 = _quantized(_saved(tmp_path / "fp16.xml", sharpness=(4.0, 0.01)), tmp_path)
    assert not any(is_chosen_by_error(stored.name) for stored in activation_ranges(int8))


def _saved(path: Path, *, sharpness: tuple[float, float]) -> Path:
    """Save the network; `sharpness` scales the queries and keys of each head."""
    rng = np.random.default_rng(0)
    waveform = opset13.parameter([-1, -1], ov.Type.f32, name="input_values")
    kernel = (rng.standard_normal((_CHANNELS, 1, 16)) / 4).astype(np.float32)
    frames = opset13.convolution(opset13.unsqueeze(waveform, np.array([1], np.int64)), kernel, [8], [0], [0], [1])
    frames = opset13.transpose(frames, np.array([0, 2, 1], np.int64))
    query, key, value = (_heads(frames, rng, gains) for gains in (sharpness, sharpness, (1.0, 1.0)))
    mixed = opset13.scaled_dot_product_attention(query, key, value)
    mixed.set_friendly_name(NAME)
    joined = opset13.transpose(mixed, np.array([0, 2, 1, 3], np.int64))
    joined = opset13.reshape(joined, np.array([0, 0, _CHANNELS], np.int64), special_zero=True)
    logits = opset13.matmul(joined, _matrix(rng, 1.0), transpose_a=False, transpose_b=True)
    ov.save_model(ov.Model([logits], [waveform]), path)
    return path


def _heads(frames: Any, rng: np.random.Generator, gains: tuple[float, float]) -> Any:
    gain = np.repeat(gains, _SIZE)
    dense = opset13.matmul(frames, _matrix(rng, gain[:, None]), transpose_a=False, transpose_b=True)
    biased = opset13.add(dense, (gain * rng.standard_normal((1, 1, _CHANNELS))).astype(np.float32))
    split = opset13.reshape(biased, np.array([0, 0, _HEADS, _SIZE], np.int64), special_zero=True)
    return opset13.transpose(split, np.array([0, 2, 1, 3], np.int64))


def _matrix(rng: np.random.Generator, gain: float | np.ndarray) -> np.ndarray:
    return (gain * rng.standard_normal((_CHANNELS, _CHANNELS)) / np.sqrt(_CHANNELS)).astype(np.float32)


def _feeds(seed: int) -> list[dict[int, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [{0: rng.standard_normal((1, 800 + 160 * number)).astype(np.float32)} for number in range(5)]


def _quantized(fp16: Path, folder: Path, **changes: Any) -> Path:
    path = folder / f"int8-{len(list(folder.iterdir()))}.xml"
    settings = {"attention_sqnr_db_min": 25.0} | changes  # off by default
    quantize(fp16, _feeds(1), section(QuantizationSettings, **settings), path)
    return path


def _sqnr_db(fp16: Path, model: ov.Model) -> float:
    requests = [
        ov.Core().compile_model(each, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
        for each in (ov.Core().read_model(fp16), model)
    ]
    signal = noise = 0.0
    for feed in _feeds(2):
        expected, found = (np.array(request.infer(feed)[0]) for request in requests)
        signal += float(np.square(expected).sum())
        noise += float(np.square(expected - found).sum())
    return 10 * np.log10(signal / noise)
