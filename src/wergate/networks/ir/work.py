"""Multiplying operations of an IR: the work of each, and whether its operands are quantized."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino as ov

from wergate.config.quantization import IgnoredScope

CONVOLUTIONS = frozenset({"Convolution", "GroupConvolution"})
PRODUCTS = CONVOLUTIONS | {"MatMul"}
ATTENTION = "ScaledDotProductAttention"
SCORES, SOFTMAX = "/scores", "/softmax"  # end the names of the operations of an attention that is taken apart
FAKE_QUANTIZE = "FakeQuantize"
MOVING = frozenset({"Transpose", "Reshape", "Convert", "Unsqueeze", "Squeeze"})  # move or convert, compute nothing
SCALING = frozenset({"Multiply", "Subtract"})  # turn stored values into weights
STORING = MOVING | SCALING
EIGHT_BIT_TYPES = (ov.Type.i8, ov.Type.u8)


@dataclass(frozen=True)
class Operation:
    """A convolution, a matrix product or one of the two products of an attention.

    Attributes:
        name: name of the operation in the IR; of a product of an attention, that of the attention.
        kind: OpenVINO's operation type.
        part: "scores" or "values" for a product of an attention, else empty.
        macs: multiply-accumulates at the IR's static shapes.
        quantized: for each operand, whether it comes from a FakeQuantize or is an 8-bit constant.
        consumers: names of the operations that take the result; the runtime may fuse the product into one of them.
    """

    name: str
    kind: str
    part: str
    macs: int
    quantized: tuple[bool, ...]
    consumers: tuple[str, ...]

    def ignored_by(self, scope: IgnoredScope) -> bool:
        """Return whether an ignored scope leaves the operation in floating point."""
        named = self.name in scope.names or any(re.fullmatch(pattern, self.name) for pattern in scope.patterns)
        return named or self.kind in scope.types


def operations(model: ov.Model) -> tuple[Operation, ...]:
    """Return the multiplying operations of a model with static shapes, in the model's order."""
    return tuple(operation for op in model.get_ordered_ops() for operation in _operations_of(op))


def _operations_of(op: Any) -> Iterator[Operation]:
    kind = op.get_type_name()
    if kind in CONVOLUTIONS:
        yield _operation(op, kernel_macs(op) * math.prod(op.output(0).get_shape()), (0, 1))
    elif kind == "MatMul":
        left, right = _shapes(op, 2)
        yield _operation(op, product_macs(left, right, list(op.output(0).get_shape())), (0, 1), _part(op))
    elif kind == ATTENTION:
        query, key, value = _shapes(op, 3)
        yield _operation(op, math.prod(query) * key[-2], (0, 1), "scores")
        yield _operation(op, math.prod(query[:-1]) * key[-2] * value[-1], (2,), "values")


def _operation(op: Any, macs: int, operands: tuple[int, ...], part: str = "") -> Operation:
    quantized = tuple(is_quantized(op.input_value(number).get_node()) for number in operands)
    consumers = tuple(target.get_node().get_friendly_name() for target in op.output(0).get_target_inputs())
    return Operation(op.get_friendly_name().removesuffix(SCORES), op.get_type_name(), part, macs, quantized, consumers)


def _part(product: Any) -> str:
    """Return which product of an attention a product is; empty if it is none."""
    name = product.get_friendly_name()
    if name.endswith(SCORES):
        return "scores"
    softmax = _origin(product.input_value(0).get_node(), frozenset({FAKE_QUANTIZE}))
    return "values" if softmax.get_friendly_name() == name + SOFTMAX else ""


def _shapes(op: Any, count: int) -> list[list[int]]:
    return [list(op.input(number).get_shape()) for number in range(count)]


def kernel_macs(op: Any) -> int:
    """Return the multiply-accumulates of one output value of a convolution."""
    weights = list(op.input(1).get_shape())  # (out, in, kernel); a GroupConvolution has an axis of groups in front
    return int(np.prod(weights[2:] if op.get_type_name() == "GroupConvolution" else weights[1:]))


def product_macs(left: list[int], right: list[int], output: list[int]) -> int:
    """Return the multiply-accumulates of a matrix product from its shapes, transposed or not.

    The product of (a, m, k) and (b, k, n) is (c, m, n) and costs c m k n, with any broadcasting of a and b.
    """
    a, b, c = (math.prod(shape[:-2]) for shape in (left, right, output))
    return math.isqrt(math.prod(left) * math.prod(right) * math.prod(output) * c // (a * b))


def is_quantized(node: Any) -> bool:
    """Return whether an operand comes from a FakeQuantize or is stored in 8 bits."""
    return _origin(node, STORING).get_type_name() == FAKE_QUANTIZE or stored_in_8_bit(node)


def stored_in_8_bit(node: Any) -> bool:
    """Return whether weights are stored in 8 bits, looking through operations that scale, move or quantize them."""
    stored = stored_weights(node)
    return stored.get_type_name() == "Constant" and stored.output(0).get_element_type() in EIGHT_BIT_TYPES


def is_stored(node: Any) -> bool:
    """Return whether a value is stored in the IR, looking through operations that scale, move or quantize it."""
    return bool(stored_weights(node).get_type_name() == "Constant")


def stored_weights(node: Any) -> Any:
    """Return the operation that weights come from, looking through operations that scale, move or quantize them."""
    return _origin(node, STORING | {FAKE_QUANTIZE})


def _origin(node: Any, kinds: frozenset[str]) -> Any:
    """Return the first operation of another kind, going from a node towards the inputs."""
    while node.get_type_name() in kinds:
        node = node.input_value(0).get_node()
    return node
