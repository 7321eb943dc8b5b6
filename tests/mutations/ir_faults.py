"""Faults in the INT8 IR, as from a broken converter, an old cache or a wrong copy.

Checksums are made to match, so that the store cannot see them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import partial

import numpy as np
import openvino as ov

from tests.mutations.fault import Fault, Scratch, resign
from tests.mutations.ir_edits import Layer, edit, edit_model, scale_ranges

_LAYER = "encoder.layers.1.attention.k_proj"  # one that no error rate misses
_ROLLED = "encoder.layers.2.attention.out_proj/aten::linear/MatMul"
_TOLERANT = r"encoder\.layers\.2\.attention\.k_proj/aten::linear/Add/fq_output"  # no error rate sees its range
_RANGES = ("accuracy/test_ranges.py",)
_FLOATS = frozenset({"<Type: 'float16'>", "<Type: 'float32'>"})
_ITS_TWIN = "encoder.layers.2.attention.k_proj"

Layers = dict[str, Layer]


def in_int8(change: Callable[[Layers], None]) -> Callable[[Scratch], None]:
    """Return a function that changes layers of the INT8 IR and updates its checksums."""
    return partial(_edit_int8, change)


def _edit_int8(change: Callable[[Layers], None], scratch: Scratch) -> None:
    edit(scratch.artifact("int8-ir") / "model.xml", change)
    scratch.resign("int8-ir")


def double_scale(layers: Layers) -> None:
    layers[_LAYER].scale = 2 * layers[_LAYER].scale


def zero_weights(layers: Layers) -> None:
    layers[_LAYER].weights = np.zeros_like(layers[_LAYER].weights)


def swap_layers(layers: Layers) -> None:
    one, other = layers[_LAYER], layers[_ITS_TWIN]
    (one.weights, one.scale), (other.weights, other.scale) = (other.weights, other.scale), (one.weights, one.scale)


def shift_zero_point(layers: Layers) -> None:
    layers[_LAYER].weights = layers[_LAYER].weights + 1


def keep_4_bits(layers: Layers) -> None:
    """Round each weight to the nearest of fifteen multiples, at its present scale."""
    for layer in layers.values():
        step = max(1, round(int(np.abs(layer.weights).max()) / 7))
        layer.weights = np.round(layer.weights / step) * step


def move_as_training_does(layers: Layers) -> None:
    """Add noise to all weights: about 4 % of a typical weight of the layer."""
    generator = np.random.default_rng(0)
    for layer in layers.values():
        moved = layer.weights + generator.normal(0, 0.01 * np.abs(layer.weights).max(), layer.weights.shape)
        layer.weights = np.clip(np.round(moved), -127, 127)


def pass_off_fp16(scratch: Scratch) -> None:
    for name in ("model.xml", "model.bin"):
        shutil.copyfile(scratch.artifact("fp16-ir") / name, scratch.artifact("int8-ir") / name)
    scratch.resign("int8-ir")


def in_graph(pattern: str, replacement: str) -> Callable[[Scratch], None]:
    """Return a function that replaces an attribute of the INT8 IR wherever it has a value, and no weights."""
    return partial(_edit_graph, pattern, replacement)


def _edit_graph(pattern: str, replacement: str, scratch: Scratch) -> None:
    path = scratch.artifact("int8-ir") / "model.xml"
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"))
    assert count > 0
    path.write_text(text, encoding="utf-8")
    scratch.resign("int8-ir")


def roll_a_head(scratch: Scratch) -> None:
    """Move the channels before one product by one place; no weight changes."""
    edit_model(scratch.artifact("int8-ir") / "model.xml", _roll)
    scratch.resign("int8-ir")


def _roll(model: ov.Model) -> None:
    product = next(op for op in model.get_ordered_ops() if op.get_friendly_name().endswith(_ROLLED))
    source = product.input_value(0)
    width = source.get_partial_shape()[2].get_length()
    order = np.roll(np.arange(width), 1)
    rolled = ov.opset13.gather(source, ov.opset13.constant(order), ov.opset13.constant(np.int64(2)))
    product.input(0).replace_source_output(rolled.output(0))


def with_ranges(pattern: str, factor: float) -> Callable[[Scratch], None]:
    """Return a function that multiplies activation ranges of the INT8 IR."""
    return partial(_scale_ranges, pattern, factor)


def _scale_ranges(pattern: str, factor: float, scratch: Scratch) -> None:
    scale_ranges(scratch.artifact("int8-ir") / "model.xml", pattern, factor)
    scratch.resign("int8-ir")


def round_fp16_to_bf16(scratch: Scratch) -> None:
    edit_model(scratch.artifact("fp16-ir") / "model.xml", _round)
    scratch.resign("fp16-ir")


def _round(model: ov.Model) -> None:
    for op in model.get_ordered_ops():
        if op.get_type_name() == "Constant" and str(op.get_element_type()) in _FLOATS and len(op.get_output_shape(0)):
            values = np.asarray(op.data, np.float32)
            rounded = (values.view(np.uint32) + 0x8000 & 0xFFFF0000).view(np.float32).astype(op.data.dtype)
            for target in op.output(0).get_target_inputs():
                target.replace_source_output(ov.opset13.constant(rounded).output(0))


def add_noise_to_the_reference(scratch: Scratch) -> None:
    """Move the stored logits of the reference model by about 1 %, as weights of another training step would."""
    generator = np.random.default_rng(0)
    for folder in (scratch.cache / "reference-run").iterdir():
        logits = np.load(folder / "logits.npy")
        np.save(folder / "logits.npy", logits + generator.normal(0, 0.01 * logits.std(), logits.shape).astype("<f4"))
        resign(folder)


FAULTS = (
    Fault("one layer's scale doubled", "weight_error", in_int8(double_scale)),
    Fault("one layer's zero point shifted by one step", "weight_error", in_int8(shift_zero_point)),
    Fault("one layer's weights zeroed", "weight_error", in_int8(zero_weights)),
    Fault("two layers swapped", "weight_error", in_int8(swap_layers)),
    Fault("weights at 4 bits", "weight_error", in_int8(keep_4_bits)),
    Fault("the FP16 IR passed off as INT8", "int8_work", pass_off_fp16),
    Fault("GELU in its other form", "graph_differs", in_graph('approximation_mode="ERF"', 'approximation_mode="TANH"')),
    Fault("epsilon of the norms 1e-2", "graph_differs", in_graph(r'\beps="[^"]*"', 'eps="0.01"')),
    Fault("one layer's channels rolled by a Gather", "graph_differs", roll_a_head),
    Fault("one activation range doubled", "activation_range_bits", with_ranges(_TOLERANT, 2.0), _RANGES),
    Fault("one activation range times four", "activation_range_bits", with_ranges(_TOLERANT, 4.0), _RANGES),
    Fault("one activation range halved", "activation_range_bits", with_ranges(_TOLERANT, 0.5), _RANGES),
    Fault("the waveform's range doubled", "activation_range_bits", with_ranges("^input_values/", 2.0), _RANGES),
    Fault("all activation ranges doubled", "activation_range_bits", with_ranges("", 2.0), _RANGES),
    Fault("one activation range a tenth wider", "activation_ranges_differ", with_ranges(_TOLERANT, 1.1), _RANGES),
    Fault("FP16 weights rounded to bf16", "fp16_mean_abs_delta", round_fp16_to_bf16),
    Fault("a stored reference run of other weights", "reference_sqnr_db", add_noise_to_the_reference),
    Fault("an IR of an earlier checkpoint left in the store", "weight_error", in_int8(move_as_training_does)),
)
