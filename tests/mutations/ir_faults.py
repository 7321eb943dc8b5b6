"""Faults in the INT8 IR: what a broken converter, an old cache or a mistaken copy leaves in the store."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from fault import Fault, Scratch
from ir_edits import Layer, edit

_LAYER = "encoder.layers.1.attention.k_proj"  # one that no error rate misses
_ITS_TWIN = "encoder.layers.2.attention.k_proj"

Layers = dict[str, Layer]


def in_int8(change: Callable[[Layers], None]) -> Callable[[Scratch], None]:
    """Return what changes layers of the INT8 IR and signs the change."""
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


FAULTS = (
    Fault("one layer's scale doubled", "weight_error", in_int8(double_scale)),
    Fault("one layer's weights zeroed", "weight_error", in_int8(zero_weights)),
    Fault("two layers swapped", "weight_error", in_int8(swap_layers)),
)
