"""Which operation of the FP16 IR a quantized layer was made of, in an IR that may come from another toolchain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from wergate.ir_weights import Weights, constant_values

_COSINE_MIN = 0.9  # weights in 4 bits still have 0.98, those of another layer 0.0


def find_twins(layers: Sequence[Any], original: Sequence[Any]) -> Mapping[str, Any]:
    """Return the FP16 IR's operation of each layer that has one, by the layer's name.

    By its name; else the one of its kind with the most similar weights; else, where both IRs have as many of a kind,
    by order.

    Args:
        layers: operations of the quantized IR.
        original: operations of the FP16 IR.
    """
    named = {op.get_friendly_name(): op for op in original}
    found = {op.get_friendly_name(): twin for op in layers if (twin := _of_that_name(op, named)) is not None}
    found |= dict(_similar(_rest(layers, found), _unclaimed(original, found)))
    return found | dict(_in_order(_rest(layers, found), _unclaimed(original, found)))


def weights(op: Any) -> Weights | None:
    """Return the constant second operand of an operation, for a matrix product as (out, in)."""
    if len(op.inputs()) < 2:  # noqa: PLR2004 - operands
        return None
    values = constant_values(op.input_value(1).get_node())
    return values if values is None else oriented(values, op)


def oriented(values: Weights, op: Any) -> Weights:
    """Return weights of an operation as (out, in), or such weights as the operation takes them."""
    turned = op.get_type_name() == "MatMul" and not op.get_attributes()["transpose_b"]
    return np.swapaxes(values, -1, -2) if turned and values.ndim > 1 else values


def _of_that_name(op: Any, named: Mapping[str, Any]) -> Any:
    twin = named.get(op.get_friendly_name())
    return twin if twin is not None and twin.get_type_name() == op.get_type_name() else None


def _rest(layers: Sequence[Any], found: Mapping[str, Any]) -> list[Any]:
    return [op for op in layers if op.get_friendly_name() not in found]


def _unclaimed(original: Sequence[Any], found: Mapping[str, Any]) -> list[Any]:
    claimed = {op.get_friendly_name() for op in found.values()}
    return [op for op in original if op.get_friendly_name() not in claimed]


def _similar(layers: Sequence[Any], original: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    for op in layers:
        own = weights(op)
        if own is None or own.ndim < 2:  # noqa: PLR2004 - a matrix
            continue
        likeness = {twin: _cosine(own, twin) for twin in original if twin.get_type_name() == op.get_type_name()}
        best = max(likeness, key=likeness.__getitem__, default=None)
        if best is not None and likeness[best] >= _COSINE_MIN:
            yield op.get_friendly_name(), best


def _cosine(own: Weights, twin: Any) -> float:
    other = weights(twin)
    if other is None or other.shape != own.shape:
        return -1.0
    return float(np.vdot(own, other) / (np.linalg.norm(own) * np.linalg.norm(other) + np.finfo(np.float32).tiny))


def _in_order(layers: Sequence[Any], original: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Yield pairs of operations without weights, of the kinds of which both sides have as many."""
    for kind in dict.fromkeys(op.get_type_name() for op in layers):
        left, right = (
            [op for op in side if op.get_type_name() == kind and weights(op) is None] for side in (layers, original)
        )
        if len(left) == len(right):
            yield from zip((op.get_friendly_name() for op in left), right, strict=True)
