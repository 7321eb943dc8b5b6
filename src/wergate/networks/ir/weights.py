"""How far the 8-bit weights of an IR are from the weights that it was made of, layer by layer.

A model's error rate forgives a spoilt layer; its weights do not. Rounding to seven bits moves a weight by 1/126 of the
largest one of its layer at most, so whatever moved further is no rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wergate.networks.ir.file import read_ir
from wergate.networks.ir.work import CONVOLUTIONS, FAKE_QUANTIZE, SCALING, STORING, stored_in_8_bit

Weights = npt.NDArray[np.float32]
_PRODUCTS = CONVOLUTIONS | {"MatMul"}
_EVALUATED = STORING - {"Transpose"}


@dataclass(frozen=True)
class LayerWeights:
    """A convolution or matrix product with 8-bit weights.

    Attributes:
        error: largest |quantized - original| over the layer's largest |original|; NaN where the original has no layer
            of that name and shape.
    """

    name: str
    error: float

    @property
    def known(self) -> bool:
        """Whether the original has such a layer."""
        return not math.isnan(self.error)


def weight_errors(original: Path, quantized: Path) -> tuple[LayerWeights, ...]:
    """Compare the 8-bit weights of an IR with those of the IR that it was quantized from.

    Weights that NNCF has divided by the factors of SmoothQuant (Xiao et al., 2023) are compared after that division.

    Args:
        original, quantized: the `.xml` files.
    """
    originals = {op.get_friendly_name(): op for op in _products(original)}
    return tuple(
        LayerWeights(name, _error(originals.get(name), op))
        for op in _products(quantized)
        if stored_in_8_bit(op.input_value(1).get_node())
        for name in [op.get_friendly_name()]
    )


def _products(path: Path) -> Iterator[Any]:
    yield from (op for op in read_ir(path).get_ordered_ops() if op.get_type_name() in _PRODUCTS)


def _error(original: Any, quantized: Any) -> float:
    if original is None:
        return math.nan
    before, after = (constant_values(op.input_value(1).get_node()) for op in (original, quantized))
    if before is None or after is None or before.shape != after.shape:
        return math.nan
    before = before / smoothing_factors(quantized)
    return float(np.abs(after - before).max() / np.abs(before).max())


def constant_values(node: Any) -> Weights | None:
    """Return what a tree of constants comes to: float32, or None where it is no such tree."""
    kind = node.get_type_name()
    if kind == "Constant":
        return np.asarray(node.data, dtype=np.float32)
    if kind not in _EVALUATED:  # what computes is no constant, and behind it may lie the whole network
        return None
    inputs = [constant_values(node.input_value(number).get_node()) for number in range(len(node.inputs()))]
    if any(found is None for found in inputs):
        return None
    first = np.asarray(inputs[0])
    if kind in SCALING:
        combine = np.multiply if kind == "Multiply" else np.subtract
        return np.asarray(combine(first, np.asarray(inputs[1])))
    return first if kind == "Convert" else first.reshape(list(node.output(0).get_shape()))


def smoothing_factors(product: Any) -> Weights:
    """Return the factors of the activations that SmoothQuant has divided a product's weights by, to be broadcast."""
    node = product.input_value(0).get_node()
    if product.get_type_name() != "MatMul" or node.get_type_name() != FAKE_QUANTIZE:
        return np.ones((), np.float32)
    before = node.input_value(0).get_node()
    if not before.get_friendly_name().endswith("smooth_quant"):
        return np.ones((), np.float32)
    factors = np.asarray(constant_values(before.input_value(1).get_node())).reshape(-1)
    return factors if product.get_attributes()["transpose_b"] else factors[:, None]
