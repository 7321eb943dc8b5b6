"""Quantized layers of an IR, and copies of the IR with some of these layers back in floating point.

A copy is an edited graph; nothing is quantized again. The edit bypasses the FakeQuantize before a layer and takes the
layer's weights and bias from the FP16 IR. The scaling that SmoothQuant applies to a layer's input stays in the graph,
so the restored weights are scaled to match.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13
from openvino.utils.node_factory import NodeFactory

from wergate.networks.ir.file import named, read_ir
from wergate.networks.ir.front_end import front_end
from wergate.networks.ir.weights import Weights, constant_values, smoothing_factors
from wergate.networks.ir.work import (
    ATTENTION,
    FAKE_QUANTIZE,
    MOVING,
    PRODUCTS,
    SCALING,
    SCORES,
    is_stored,
    stored_in_8_bit,
)
from wergate.steps import step

_OPSET = "opset13"
# These pass a quantized value on to the layer after them.
_PASSING = MOVING | {"Pad", "Slice", "StridedSlice", "Split", "VariadicSplit"}
_WEIGHTS = 1  # number of the operand that is the weights of a convolution, and of most products
_TIED = 1  # number of consumers of a product whose bias belongs to it alone


@dataclass(frozen=True)
class QuantizedLayer:
    """An operation with quantized inputs, quantized weights or both.

    Attributes:
        name: name in the quantized IR.
        kind: OpenVINO's operation type.
        twin: name of the same layer in the FP16 IR, which an ignored scope accepts; None if there is no match.
        eight_bit_weights: whether the weights are stored in 8 bits; without a twin they cannot be restored.
    """

    name: str
    kind: str
    twin: str | None
    eight_bit_weights: bool


class QuantizedIr:
    """A quantized IR, with its layers matched to those of an FP16 IR of the same network.

    Attributes:
        layers: the quantized layers, in the network's order.
    """

    def __init__(self, path: Path, original: Path) -> None:
        """Read both IRs.

        Args:
            path: the `.xml` of the quantized IR.
            original: the `.xml` of the FP16 IR.

        Raises:
            SuiteError: a file is damaged or not an IR.
        """
        self._named = named(path)
        self._model = read_ir(path)
        self._original = read_ir(original)
        layers = [op for op in self._model.get_ordered_ops() if _is_layer(op)]
        self._twins = find_twins(layers, self._original.get_ordered_ops())
        self.layers = tuple(self._layer(op) for op in layers)

    @cached_property
    def front_end_operations(self) -> Mapping[str, str]:
        """Types of the operations of the FP16 IR's spectral front end by name; empty if it has none."""
        return front_end(self._original)

    @cached_property
    def front_end(self) -> frozenset[str]:
        """Names of the quantized layers of the spectral front end."""
        own = front_end(self._model)
        return frozenset(layer.name for layer in self.layers if layer.name in own)

    def type_of(self, name: str) -> str:
        """Return the type of an operation of the FP16 IR, or of the quantized IR if the FP16 IR has none of that name.

        Args:
            name: name of the operation.
        """
        return self._types[name]

    @cached_property
    def _types(self) -> Mapping[str, str]:
        operations = (*self._model.get_ops(), *self._original.get_ops())
        return {op.get_friendly_name(): op.get_type_name() for op in operations}

    def without(self, names: Collection[str]) -> ov.Model:
        """Return a copy of the quantized IR with the named layers in floating point."""
        model = self._model.clone()
        reverted = frozenset(names)
        for op in [op for op in model.get_ordered_ops() if op.get_friendly_name() in reverted]:
            with step(f"putting layer '{op.get_friendly_name()}' of {self._named} back into floating point"):
                _revert(op, self._twins.get(op.get_friendly_name()))
        model.validate_nodes_and_infer_types()
        return model

    def _layer(self, op: Any) -> QuantizedLayer:
        twin = self._twins.get(op.get_friendly_name())
        name = None if twin is None else twin.get_friendly_name()
        stored = any(stored_in_8_bit(port.get_source_output().get_node()) for port in op.inputs())
        return QuantizedLayer(op.get_friendly_name(), op.get_type_name(), name, stored)


def quantized_types(path: Path) -> Mapping[str, str]:
    """Return the types of an IR's quantized layers by name, in the network's order."""
    return {op.get_friendly_name(): op.get_type_name() for op in read_ir(path).get_ordered_ops() if _is_layer(op)}


def _is_layer(op: Any) -> bool:
    kind = op.get_type_name()
    if kind in _PASSING | {FAKE_QUANTIZE} or (kind in SCALING and _is_of_weights(op)):
        return False
    sources = [port.get_source_output() for port in op.inputs()]
    return any(stored_in_8_bit(source.get_node()) or _unquantized(source) is not None for source in sources)


def _is_of_weights(op: Any) -> bool:
    """Return whether an operation scales stored weights; any other computes with activations, and is a layer."""
    return all(is_stored(port.get_source_output().get_node()) for port in op.inputs())


def _unquantized(source: Any) -> Any:
    """Return the value before quantization; None if the value is not quantized."""
    node = source.get_node()
    if node.get_type_name() == FAKE_QUANTIZE:
        return node.input_value(0)
    if node.get_type_name() not in _PASSING:
        return None
    before = _unquantized(node.input_value(0))
    if before is None:
        return None
    inputs = [before, *(node.input_value(number) for number in range(1, len(node.inputs())))]
    copy = NodeFactory(_OPSET).create(node.get_type_name(), inputs, node.get_attributes())
    return copy.output(source.get_index())


def _revert(op: Any, twin: Any) -> None:
    """Put a layer back into floating point; 8-bit weights without a twin stay as they are."""
    # The weights need the FakeQuantize before the layer, so they come before the bypass.
    restored = {} if twin is None else {number: _restored(op, twin, number) for number in _stored_operands(op)}
    for number, port in enumerate(op.inputs()):
        source, own = port.get_source_output(), restored.get(number)
        if own is not None:
            port.replace_source_output(own.output(0))
        elif not stored_in_8_bit(source.get_node()) and (before := _unquantized(source)) is not None:
            port.replace_source_output(before)
    if twin is not None:
        _restore_bias(op, twin)


def _stored_operands(op: Any) -> list[int]:
    """Return the numbers of the operands that are stored in 8 bits; a product may have its weights on the left."""
    return [number for number in range(len(op.inputs())) if stored_in_8_bit(op.input_value(number).get_node())]


def _restored(op: Any, twin: Any, number: int) -> Any:
    """Return an operand of the twin as a constant for the layer; None if there is none, or the shapes differ."""
    port = op.input(number)
    original = constant_values(twin.input_value(number).get_node()) if number < len(twin.inputs()) else None
    if original is not None and op.get_type_name() in PRODUCTS:
        original = oriented(oriented(original, twin), op) if number == _WEIGHTS else original
        original = original / smoothing_factors(op)
    if original is None or list(original.shape) != list(port.get_partial_shape().to_shape()):
        return None
    return _constant(original, port)


def _constant(values: Weights, port: Any) -> Any:
    """Return values as a constant of the type that an input takes, which is f16 in a network of half precision."""
    return opset13.constant(values, dtype=port.get_element_type())


def _restore_bias(op: Any, twin: Any) -> None:
    """Restore the original bias; quantization replaced it with a corrected one."""
    port, original = _bias(op), _bias(twin)
    if port is None or original is None:
        return
    values = constant_values(original.get_source_output().get_node())
    if values is not None and list(values.shape) == list(port.get_partial_shape().to_shape()):
        port.replace_source_output(_constant(values, port).output(0))


def _bias(op: Any) -> Any:
    """Return the constant operand of the addition that is the only consumer of a product; None if there is none."""
    targets = list(op.output(0).get_target_inputs())
    if len(targets) != _TIED or targets[0].get_node().get_type_name() != "Add":
        return None
    ports = targets[0].get_node().inputs()
    return next((port for port in ports if constant_values(port.get_source_output().get_node()) is not None), None)


_COSINE_MIN = 0.9  # weights in 4 bits still reach 0.98 with their original, weights of different layers about 0.0


def find_twins(layers: Sequence[Any], original: Sequence[Any]) -> Mapping[str, Any]:
    """Return, by the name of each quantized layer, its operation in the FP16 IR; layers without a match are left out.

    A layer matches the operation of its name. Otherwise it matches the operation of its kind with the most similar
    weights. Operations without weights match in order if both IRs have the same number of their kind.

    Args:
        layers: operations of the quantized IR.
        original: operations of the FP16 IR.
    """
    named = {op.get_friendly_name(): op for op in original}
    twins = {op.get_friendly_name(): twin for op in layers if (twin := _of_that_name(op, named)) is not None}
    twins |= dict(_similar(_unmatched(layers, twins), _unclaimed(original, twins)))
    return twins | dict(_in_order(_unmatched(layers, twins), _unclaimed(original, twins)))


def weights(op: Any) -> Weights | None:
    """Return the constant second operand of an operation, as (out, in) for a matrix product; None if there is none."""
    if len(op.inputs()) < 2:  # noqa: PLR2004 - operands
        return None
    values = constant_values(op.input_value(1).get_node())
    return values if values is None else oriented(values, op)


def oriented(values: Weights, op: Any) -> Weights:
    """Convert weights between the operation's layout and (out, in); the conversion is its own inverse."""
    transposed = op.get_type_name() == "MatMul" and not op.get_attributes()["transpose_b"]
    return np.swapaxes(values, -1, -2) if transposed and values.ndim > 1 else values


def _of_that_name(op: Any, named: Mapping[str, Any]) -> Any:
    twin = named.get(op.get_friendly_name().removesuffix(SCORES))
    kinds = {op.get_type_name(), ATTENTION if op.get_type_name() == "MatMul" else ""}  # its products, taken apart
    return twin if twin is not None and twin.get_type_name() in kinds else None


def _unmatched(layers: Sequence[Any], twins: Mapping[str, Any]) -> list[Any]:
    return [op for op in layers if op.get_friendly_name() not in twins]


def _unclaimed(original: Sequence[Any], twins: Mapping[str, Any]) -> list[Any]:
    claimed = {op.get_friendly_name() for op in twins.values()}
    return [op for op in original if op.get_friendly_name() not in claimed]


def _similar(layers: Sequence[Any], original: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    for op in layers:
        own = weights(op)
        if own is None or own.ndim < 2:  # noqa: PLR2004 - a matrix
            continue
        similarity = {twin: _cosine(own, twin) for twin in original if twin.get_type_name() == op.get_type_name()}
        best = max(similarity, key=similarity.__getitem__, default=None)
        if best is not None and similarity[best] >= _COSINE_MIN:
            yield op.get_friendly_name(), best


def _cosine(own: Weights, twin: Any) -> float:
    other = weights(twin)
    if other is None or other.shape != own.shape:
        return -1.0
    return float(np.vdot(own, other) / (np.linalg.norm(own) * np.linalg.norm(other) + np.finfo(np.float32).tiny))


def _in_order(layers: Sequence[Any], original: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Yield pairs of operations without weights, for the kinds that both IRs have equally often."""
    for kind in dict.fromkeys(op.get_type_name() for op in layers):
        left, right = (
            [op for op in side if op.get_type_name() == kind and weights(op) is None] for side in (layers, original)
        )
        if len(left) == len(right):
            yield from zip((op.get_friendly_name() for op in left), right, strict=True)
