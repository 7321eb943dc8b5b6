"""Faults in the INT8 IR, as from a broken converter, an old cache or a wrong copy.

Checksums are made to match, so that the store cannot see them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial

import numpy as np

from tests.mutations.fault import Fault, Scratch
from tests.mutations.ir_edits import Layer, edit

_LAYER = "encoder.layers.1.attention.k_proj"  # one that no error rate misses
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


FAULTS = (
    Fault("one layer's scale doubled", "weight_error", in_int8(double_scale)),
    Fault("one layer's zero point shifted by one step", "weight_error", in_int8(shift_zero_point)),
    Fault("one layer's weights zeroed", "weight_error", in_int8(zero_weights)),
    Fault("two layers swapped", "weight_error", in_int8(swap_layers)),
    Fault("weights at 4 bits", "weight_error", in_int8(keep_4_bits)),
    Fault("the FP16 IR passed off as INT8", "int8_work", pass_off_fp16),
    Fault("an IR of an earlier checkpoint left in the store", "weight_error", in_int8(move_as_training_does)),
)
