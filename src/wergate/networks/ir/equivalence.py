"""The graph of a quantized IR without its quantization, compared with the graph that it was quantized from.

Quantizing inserts operations that round, scales that SmoothQuant moves from activations to weights, and corrections of
biases. Everything else must stay as it was: the types of operations, their attributes, their order, and all other
constants. The comparison walks both graphs at once, from the outputs to the inputs, so that names do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wergate.networks.ir.attention import scale_of, take_apart
from wergate.networks.ir.file import read_ir
from wergate.networks.ir.weights import constant_values, smoothing_factors
from wergate.networks.ir.work import ATTENTION, FAKE_QUANTIZE, PRODUCTS, stored_in_8_bit

_ROUNDING = 2**-10  # of a constant's largest value: once to half precision, and once back from a product with a scale
_Place = tuple[str, int]  # unique name of a node, and the number of its output
_SHAPED = ("input_shape", "output_shape")  # follow from the inputs


@dataclass(frozen=True)
class GraphDifference:
    """A place where two graphs differ.

    Attributes:
        name: name of the operation in the original IR.
        reason: what differs, such as "approximation_mode is TANH instead of ERF".
    """

    name: str
    reason: str


@dataclass(frozen=True)
class GraphComparison:
    """The outcome of a comparison.

    Attributes:
        operations: operations of the original IR that compute on activations; an attention that the quantizer took
            apart counts as the operations that it stands for.
        matched: those that have the same type in the quantized IR, at the same place.
        differences: all places that differ, in the order of the walk.
    """

    operations: int
    matched: int
    differences: tuple[GraphDifference, ...]


def compare_graphs(original: Path, quantized: Path, *, corrected_biases: bool) -> GraphComparison:
    """Compare two IRs without inference.

    Args:
        original, quantized: the `.xml` files.
        corrected_biases: whether the quantizer may have changed the biases of convolutions and matrix products.
    """
    before, after = read_ir(original), read_ir(quantized)
    walk = _Walk(corrected_biases)
    if len(before.get_results()) != len(after.get_results()):
        outputs = f"{len(after.get_results())} outputs instead of {len(before.get_results())}"
        return GraphComparison(_computing(before), 0, (GraphDifference("the network", outputs),))
    for one, other in zip(before.get_results(), after.get_results(), strict=True):
        walk.run(one.input_value(0), other.input_value(0))
    return GraphComparison(_computing(before) + walk.taken_apart, walk.matched, tuple(walk.differences))


def _computing(model: Any) -> int:
    """Return how many operations compute on activations."""
    reached: set[str] = set()
    pending = [result.input_value(0).get_node() for result in model.get_results()]
    while pending:
        node = pending.pop()
        if node.get_name() in reached or constant_values(node) is not None:
            continue
        reached.add(node.get_name())
        pending += [node.input_value(number).get_node() for number in range(len(node.inputs()))]
    return len(reached)


class _Walk:
    """Goes through two graphs at the same time."""

    def __init__(self, corrected_biases: bool) -> None:
        self.differences: list[GraphDifference] = []
        self.matched = 0
        self.taken_apart = 0  # operations that attentions stand for, beyond one for each
        self._corrected_biases = corrected_biases
        self._partners: dict[_Place, _Place] = {}

    def run(self, before: Any, after: Any) -> None:
        """Compare what two outputs are computed from."""
        pending = [(before, after)]
        while pending:
            one, other = pending.pop()
            other = self._without_quantization(one.get_node(), other)
            if not self._is_new(one, other):
                continue
            if _is_apart(one.get_node(), other.get_node()):
                pending.append((self._apart(one.get_node()), other))
            elif self._same_node(one.get_node(), other.get_node()):
                pending += self._inputs(one.get_node(), other.get_node())

    def _apart(self, attention: Any) -> Any:
        """Return the result of the operations that an attention stands for."""
        apart = take_apart(attention)
        self.taken_apart += apart.operations - 1
        return apart.product.output(0)

    def _without_quantization(self, original: Any, output: Any) -> Any:
        """Return the output below the operations that a quantizer inserts."""
        while True:
            node = output.get_node()
            inserted = node.get_type_name() == FAKE_QUANTIZE or node.get_friendly_name().endswith("smooth_quant")
            corrected = original.get_type_name() in PRODUCTS and self._corrected_biases and _adds_bias(node)
            if not (inserted or corrected):
                return output
            output = node.input_value(0)

    def _is_new(self, one: Any, other: Any) -> bool:
        """Return whether a pair was not compared yet; an output has one partner, wherever it is used."""
        key, partner = ((output.get_node().get_name(), output.get_index()) for output in (one, other))
        known = self._partners.get(key)
        if known is None:
            self._partners[key] = partner
        elif known != partner:
            self._report(one.get_node(), f"'{other.get_node().get_friendly_name()}' is used in its place")
        return known is None

    def _same_node(self, one: Any, other: Any) -> bool:
        """Compare two operations, and return whether their inputs are to be compared."""
        constants = constant_values(one), constant_values(other)
        if constants[0] is not None and constants[1] is not None:
            self._compare_constants(one, *constants)
            return False
        kinds = one.get_type_name(), other.get_type_name()
        if kinds[0] != kinds[1]:
            self._report(one, f"is a {kinds[0]}, in the quantized IR '{other.get_friendly_name()}', a {kinds[1]}")
            return False
        self.matched += 1
        for name, value in one.get_attributes().items():
            found = other.get_attributes().get(name)
            if found != value and name not in _SHAPED:
                self._report(one, f"has {name} {value}, in the quantized IR {found}")
        if len(one.inputs()) != len(other.inputs()):
            self._report(one, f"has {len(one.inputs())} inputs, in the quantized IR {len(other.inputs())}")
            return False
        return True

    def _inputs(self, one: Any, other: Any) -> list[tuple[Any, Any]]:
        """Return the pairs of inputs to compare, without what a quantizer may change."""
        pairs = [(one.input_value(number), other.input_value(number)) for number in range(len(one.inputs()))]
        rest = [
            (before, after) for before, after in pairs if not self._may_change(one, before.get_node(), after.get_node())
        ]
        return [pair for pair in rest if not self._is_smoothed(other, *pair)]

    def _is_smoothed(self, product: Any, before: Any, after: Any) -> bool:
        """Compare weights that SmoothQuant scaled and quantization left alone; return whether these are such."""
        factors = smoothing_factors(product) if product.get_type_name() in PRODUCTS else np.ones(())
        values = constant_values(before.get_node()), constant_values(after.get_node())
        if not factors.ndim or values[0] is None or values[1] is None:
            return False
        self._compare_constants(before.get_node(), values[0] / factors, values[1])
        return True

    def _may_change(self, one: Any, before: Any, after: Any) -> bool:
        """Return whether an operand may differ: 8-bit weights, which `weight_errors` compares, and corrected biases."""
        if constant_values(before) is None:
            return False
        rounded = after.get_type_name() == FAKE_QUANTIZE  # weights that are rounded when the IR is compiled
        weights = one.get_type_name() in PRODUCTS and (rounded or stored_in_8_bit(after))
        return bool(weights or (self._corrected_biases and _adds_bias(one)))

    def _compare_constants(self, one: Any, before: Any, after: Any) -> None:
        if before.shape != after.shape:
            self._report(one, f"has shape {list(before.shape)}, in the quantized IR {list(after.shape)}")
            return
        largest = float(np.abs(before).max(initial=0.0))
        moved = float(np.abs(after - before).max(initial=0.0))
        if not moved <= _ROUNDING * largest:  # a NaN is not
            self._report(one, f"differs by up to {moved:.3g}, its largest value is {largest:.3g}")

    def _report(self, node: Any, reason: str) -> None:
        self.differences.append(GraphDifference(node.get_friendly_name(), reason))


def _is_apart(original: Any, other: Any) -> bool:
    """Return whether a product replaces an attention, whose second product is quantized."""
    attention = original.get_type_name() == ATTENTION and not original.get_attributes()["causal"]
    return attention and other.get_type_name() == "MatMul" and scale_of(original) is not None


def _adds_bias(node: Any) -> bool:
    """Return whether a node adds constants to the result of a convolution or a matrix product."""
    if node.get_type_name() != "Add":
        return False
    operands = [node.input_value(number).get_node() for number in (0, 1)]
    return any(
        constant_values(one) is not None and other.get_type_name() in PRODUCTS
        for one, other in (operands, reversed(operands))
    )
