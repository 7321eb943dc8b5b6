"""Attention taken apart into its two products, so that the second one can run in 8 bits too.

NNCF quantizes queries and keys of a ScaledDotProductAttention. It has no place for a quantizer between the softmax
and the product with the values, so the attention is replaced with the operations that it stands for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from openvino import opset13

from wergate.networks.ir.weights import constant_values
from wergate.networks.ir.work import ATTENTION, MOVING, SCORES, SOFTMAX

_VALUES = "/values"
_QUANTIZER = "/fq_output_0"  # as NNCF names them
_QUERY, _KEY, _VALUE, _MASK, _SCALE = range(5)
_LEVELS = 256
_NEGATIVE, _POSITIVE = -128, 127


@dataclass(frozen=True)
class ValueRanges:
    """Ranges of the operands of an attention's second product.

    Attributes:
        softmax: largest probability; a larger one is clipped to it.
        values: largest magnitude of the values.
    """

    softmax: float
    values: float


def attentions(model: Any) -> Iterator[Any]:
    """Yield the attentions that can be taken apart: neither causal nor with a mask of truth values."""
    for op in model.get_ordered_ops():
        if op.get_type_name() == ATTENTION and not op.get_attributes()["causal"] and not _is_of_truth(op):
            yield op


def _is_of_truth(op: Any) -> bool:
    return has_mask(op) and op.input(_MASK).get_element_type().get_type_name() == "boolean"


def has_mask(op: Any) -> bool:
    """Return whether an attention adds a mask to its scores."""
    return len(op.inputs()) > _MASK


def scale_of(op: Any) -> float | None:
    """Return the factor of an attention's scores; None if it depends on the input."""
    if len(op.inputs()) > _SCALE:
        values = constant_values(op.input_value(_SCALE).get_node())
        return None if values is None else float(values.reshape(-1)[0])
    size = op.input(_QUERY).get_partial_shape()[-1]
    return 1 / math.sqrt(size.get_length()) if size.is_static else None


@dataclass(frozen=True)
class Apart:
    """The operations that an attention stands for.

    Attributes:
        scores: product of queries and keys.
        scaled: scores times a factor.
        masked: those with the mask added; `scaled` itself if there is none.
        softmax: probabilities.
        product: product of probabilities and values.
    """

    scores: Any
    scaled: Any
    masked: Any
    softmax: Any
    product: Any

    @property
    def operations(self) -> int:
        """Number of operations."""
        return len({op.get_name() for op in (self.scores, self.scaled, self.masked, self.softmax, self.product)})


def take_apart(op: Any) -> Apart:
    """Return the operations that an attention stands for; its readers still read the attention."""
    name, kind = op.get_friendly_name(), op.output(0).get_element_type()
    scores = opset13.matmul(op.input_value(_QUERY), op.input_value(_KEY), transpose_a=False, transpose_b=True)
    scaled = opset13.multiply(scores, opset13.constant(scale_of(op), dtype=kind))
    masked = opset13.add(scaled, op.input_value(_MASK)) if has_mask(op) else scaled
    softmax = opset13.softmax(masked, -1)
    product = opset13.matmul(softmax, op.input_value(_VALUE), transpose_a=False, transpose_b=False)
    for part, ending in ((scores, SCORES), (softmax, SOFTMAX), (product, "")):
        part.set_friendly_name(name + ending)
    return Apart(scores, scaled, masked, softmax, product)


def quantize_values(op: Any, ranges: ValueRanges) -> None:
    """Replace an attention with two products, softmax and values quantized.

    Args:
        op: the attention, in a model that is changed in place.
        ranges: the ranges of both operands.
    """
    name = op.get_friendly_name()
    _quantize_source(op.input(_VALUE), ranges.values, f"{name}{_VALUES}")
    apart = take_apart(op)
    softmax = apart.softmax.output(0)
    rounded = _fake_quantize(softmax, 0.0, ranges.softmax, softmax.get_element_type())
    rounded.set_friendly_name(f"{name}{SOFTMAX}{_QUANTIZER}")
    apart.product.input(0).replace_source_output(rounded.output(0))
    for port in list(op.output(0).get_target_inputs()):
        port.replace_source_output(apart.product.output(0))
    op.set_friendly_name(f"{name}/replaced")  # the product has its name


def is_chosen_by_error(quantizer: str) -> bool:
    """Return whether a range was chosen by its error, and not by the rule of the other activation ranges.

    Args:
        quantizer: name of the FakeQuantize.
    """
    return quantizer.endswith((SOFTMAX + _QUANTIZER, _VALUES + _QUANTIZER))


def _quantize_source(port: Any, largest: float, name: str) -> None:
    """Quantize an operand before the operations that only move it, as NNCF quantizes queries and keys."""
    while _moves(port.get_source_output()):
        port = port.get_source_output().get_node().input(0)
    source = port.get_source_output()
    step = largest / _POSITIVE
    rounded = _fake_quantize(source, _NEGATIVE * step, _POSITIVE * step, source.get_element_type())
    rounded.set_friendly_name(name + _QUANTIZER)
    port.replace_source_output(rounded.output(0))


def _moves(output: Any) -> bool:
    """Return whether an operation only moves values, for this one reader."""
    node = output.get_node()
    movable = node.get_type_name() in MOVING - {"Convert"}
    readers = [port.get_node().get_type_name() for port in output.get_target_inputs()]
    return movable and sum(kind != "ShapeOf" for kind in readers) == 1


def _fake_quantize(output: Any, low: float, high: float, kind: Any) -> Any:
    ends = [opset13.constant(np.array(end), dtype=kind) for end in (low, high, low, high)]
    return opset13.fake_quantize(output, *ends, _LEVELS)
