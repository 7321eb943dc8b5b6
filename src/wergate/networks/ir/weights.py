"""Distance of the 8-bit weights of an IR from the original weights, layer by layer.

A corrupt layer may not change the error rate, but it changes the weights. Rounding to seven bits moves a weight by
at most 1/126 of the largest weight of its layer, and each rounding of a scale or a product to half precision by at most
1/2048 of the weight. A larger difference is not due to rounding.
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
from wergate.networks.ir.work import (
    FAKE_QUANTIZE,
    PRODUCTS,
    SCALING,
    STORING,
    is_stored,
    stored_in_8_bit,
    stored_weights,
)

Weights = npt.NDArray[np.float32]
_EVALUATED = STORING - {"Transpose"}
_SEVEN_BIT_LEVELS = 128
_SEVEN_BIT_STEPS, _EIGHT_BIT_STEPS = 63, 127  # from zero to the largest weight
_HALF_PRECISION = {"f16": 2**-11, "bf16": 2**-9}  # largest relative change by one rounding
# An IR stores its scales in half precision: that of the weights, and that of SmoothQuant before the layer and in it.
# Where the network also computes in half precision, so do the weights, their product with SmoothQuant's scale, and
# the range that they are quantized in.
_STORED_ROUNDINGS, _COMPUTED_ROUNDINGS = 3, 6


@dataclass(frozen=True)
class LayerWeights:
    """A convolution or matrix product with 8-bit weights.

    Attributes:
        name: name of the operation in the quantized IR.
        error: largest |quantized - original| divided by the layer's largest |original|; NaN if the original IR has
            no layer of that name and shape.
        rounding: largest error that rounding can make: to seven or eight bits, and to half precision.
    """

    name: str
    error: float
    rounding: float = 0.0

    @property
    def known(self) -> bool:
        """True if the original IR has a layer of that name and shape."""
        return not math.isnan(self.error)


def weight_errors(original: Path, quantized: Path) -> tuple[LayerWeights, ...]:
    """Compare the 8-bit weights of an IR with the weights of the IR that it was quantized from.

    NNCF may have divided weights by the factors of SmoothQuant (Xiao et al., 2023). The original weights
    are then divided by the same factors before the comparison.

    Args:
        original, quantized: the `.xml` files.
    """
    originals = {op.get_friendly_name(): op for op in _products(original)}
    return tuple(
        LayerWeights(name, _error(originals.get(name), op), _rounding(op))
        for op in _products(quantized)
        if stored_in_8_bit(op.input_value(1).get_node())
        for name in [op.get_friendly_name()]
    )


def product_names(path: Path) -> list[str]:
    """Return the names of the convolutions and matrix products of an IR, in their order."""
    return [op.get_friendly_name() for op in _products(path)]


def weight_changes(first: Path, second: Path) -> Iterator[LayerWeights]:
    """Yield the layers that two IRs share by name, with the distance of the second's weights from the first's.

    Both may be quantized, and SmoothQuant may have scaled the weights of each by other factors.

    Args:
        first, second: the `.xml` files.
    """
    firsts = {op.get_friendly_name(): op for op in _products(first)}
    for after in _products(second):
        before = firsts.get(after.get_friendly_name())
        a, b = (None if op is None else _unscaled(op) for op in (before, after))
        if a is None or b is None or a.shape != b.shape:
            continue
        largest = float(np.abs(a).max()) or 1.0
        rounding = sum(_rounding(op) if _in_8_bit(op) else _HALF_PRECISION["f16"] for op in (before, after))
        yield LayerWeights(after.get_friendly_name(), float(np.abs(b - a).max()) / largest, rounding)


def _unscaled(product: Any) -> Weights | None:
    values = constant_values(product.input_value(1).get_node())
    return None if values is None else np.asarray(values * smoothing_factors(product))


def _in_8_bit(product: Any) -> bool:
    return bool(stored_in_8_bit(product.input_value(1).get_node()))


def _products(path: Path) -> Iterator[Any]:
    yield from (op for op in read_ir(path).get_ordered_ops() if op.get_type_name() in PRODUCTS)


def _error(original: Any, quantized: Any) -> float:
    if original is None:
        return math.nan
    before, after = (constant_values(op.input_value(1).get_node()) for op in (original, quantized))
    if before is None or after is None or before.shape != after.shape:
        return math.nan
    before = before / smoothing_factors(quantized)
    return float(np.abs(after - before).max() / np.abs(before).max())


def _rounding(quantized: Any) -> float:
    """Return the largest error that rounding can make in a layer, relative to its largest weight."""
    levels = stored_weights(quantized.input_value(1).get_node()).get_data(dtype=np.float32)
    seven_bits = levels.max() - levels.min() < _SEVEN_BIT_LEVELS
    steps = _SEVEN_BIT_STEPS if seven_bits else _EIGHT_BIT_STEPS
    computed = _HALF_PRECISION.get(quantized.input_value(1).get_element_type().get_type_name())
    if computed is not None:
        return 0.5 / steps + _COMPUTED_ROUNDINGS * computed
    return 0.5 / steps + _STORED_ROUNDINGS * _HALF_PRECISION["f16"]


def constant_values(node: Any) -> Weights | None:
    """Return the value of a subgraph of constants, float32, or None if it depends on anything else."""
    kind = node.get_type_name()
    if kind == "Constant":
        # `node.data` takes the bits of a bf16 constant for f16.
        return np.asarray(node.get_data(dtype=np.float32))
    if kind not in _EVALUATED:  # stop here: the whole network may come before an operation that computes
        return None
    inputs = [constant_values(node.input_value(number).get_node()) for number in range(len(node.inputs()))]
    if any(values is None for values in inputs):
        return None
    first = np.asarray(inputs[0])
    if kind in SCALING:
        combine = np.multiply if kind == "Multiply" else np.subtract
        return np.asarray(combine(first, np.asarray(inputs[1])))
    return first if kind == "Convert" else first.reshape(list(node.output(0).get_shape()))


def smoothing_factors(product: Any) -> Weights:
    """Return the SmoothQuant factors that a product's weights were divided by, in a shape that broadcasts to them."""
    if product.get_type_name() != "MatMul":
        return np.ones((), np.float32)
    on_the_left = not is_stored(product.input_value(1).get_node())
    before = product.input_value(int(on_the_left)).get_node()
    if before.get_type_name() == FAKE_QUANTIZE:  # none before a product of the ignored scope, which is scaled as well
        before = before.input_value(0).get_node()
    if not before.get_friendly_name().endswith("smooth_quant"):
        return np.ones((), np.float32)
    factors = np.asarray(constant_values(before.input_value(1).get_node())).reshape(-1)
    summed_last = (
        product.get_attributes()["transpose_b"] if not on_the_left else not product.get_attributes()["transpose_a"]
    )
    return factors if summed_last else factors[:, None]
