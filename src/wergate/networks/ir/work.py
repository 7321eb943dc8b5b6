"""The multiplying operations of an IR: how much work each is, and whether it was meant to be done in 8 bit."""

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
_ATTENTION = "ScaledDotProductAttention"
FAKE_QUANTIZE = "FakeQuantize"
MOVING = frozenset({"Transpose", "Reshape", "Convert", "Unsqueeze", "Squeeze"})  # move or convert, compute nothing
SCALING = frozenset({"Multiply", "Subtract"})  # what makes weights of what is stored of them
STORING = MOVING | SCALING
EIGHT_BIT_TYPES = (ov.Type.i8, ov.Type.u8)


@dataclass(frozen=True)
class Operation:
    """A convolution, a matrix product or one of the two products of an attention.

    Attributes:
        part: "scores" or "values" of an attention; else empty.
        macs: multiply-accumulates at the IR's static shapes.
        quantized: of each operand, whether it comes from a FakeQuantize or is an 8-bit constant.
        consumers: names of what follows it and may have taken it in.
    """

    name: str
    kind: str
    part: str
    macs: int
    quantized: tuple[bool, ...]
    consumers: tuple[str, ...]

    def ignored_by(self, scope: IgnoredScope) -> bool:
        """Tell whether an ignored scope leaves it in floating point."""
        named = self.name in scope.names or any(re.fullmatch(pattern, self.name) for pattern in scope.patterns)
        return named or self.kind in scope.types


def operations(model: ov.Model) -> tuple[Operation, ...]:
    """Return the multiplying operations of a model whose shapes are static, in its order."""
    return tuple(found for op in model.get_ordered_ops() for found in _operations_of(op))


def _operations_of(op: Any) -> Iterator[Operation]:
    kind = op.get_type_name()
    if kind in CONVOLUTIONS:
        yield _operation(op, kernel_macs(op) * math.prod(op.output(0).get_shape()), (0, 1))
    elif kind == "MatMul":
        left, right = _shapes(op, 2)
        yield _operation(op, product_macs(left, right, list(op.output(0).get_shape())), (0, 1))
    elif kind == _ATTENTION:
        query, key, value = _shapes(op, 3)
        yield _operation(op, math.prod(query) * key[-2], (0, 1), "scores")
        yield _operation(op, math.prod(query[:-1]) * key[-2] * value[-1], (2,), "values")


def _operation(op: Any, macs: int, operands: tuple[int, ...], part: str = "") -> Operation:
    quantized = tuple(_is_quantized(op.input_value(number).get_node()) for number in operands)
    consumers = tuple(target.get_node().get_friendly_name() for target in op.output(0).get_target_inputs())
    return Operation(op.get_friendly_name(), op.get_type_name(), part, macs, quantized, consumers)


def _shapes(op: Any, count: int) -> list[list[int]]:
    return [list(op.input(number).get_shape()) for number in range(count)]


def kernel_macs(op: Any) -> int:
    """Return the multiply-accumulates behind one output value of a convolution."""
    weights = list(op.input(1).get_shape())  # (out, in, kernel), with the groups in front where there are any
    return int(np.prod(weights[2:] if op.get_type_name() == "GroupConvolution" else weights[1:]))


def product_macs(left: list[int], right: list[int], output: list[int]) -> int:
    """Return the multiply-accumulates of a product of matrices from its shapes, transposed or not.

    Of (a, m, k) by (b, k, n) giving (c, m, n), whatever is broadcast: c m k n.
    """
    a, b, c = (math.prod(shape[:-2]) for shape in (left, right, output))
    return math.isqrt(math.prod(left) * math.prod(right) * math.prod(output) * c // (a * b))


def _is_quantized(node: Any) -> bool:
    return _behind(node, STORING).get_type_name() == FAKE_QUANTIZE or stored_in_8_bit(node)


def stored_in_8_bit(node: Any) -> bool:
    """Tell whether weights are stored in 8 bit, behind whatever scales, moves or quantizes them."""
    stored = _behind(node, STORING | {FAKE_QUANTIZE})
    return stored.get_type_name() == "Constant" and stored.output(0).get_element_type() in EIGHT_BIT_TYPES


def _behind(node: Any, kinds: frozenset[str]) -> Any:
    """Return the first operation behind those of some kinds, against the flow."""
    while node.get_type_name() in kinds:
        node = node.input_value(0).get_node()
    return node
