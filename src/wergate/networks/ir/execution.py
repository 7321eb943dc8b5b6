"""Quantization that an IR states, and precision that the compiled model executes.

A FakeQuantize in the graph is only a request. The evidence is the runtime model, which lists each executed
primitive with the element types of its operands.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openvino as ov

from wergate.config.quantization import IgnoredScope
from wergate.environment.machine import cpu
from wergate.networks.ir.file import fix_length, read_ir
from wergate.networks.ir.precision import INFERENCE_PRECISION
from wergate.networks.ir.work import CONVOLUTIONS, EIGHT_BIT_TYPES, Operation, kernel_macs, operations, product_macs

_EIGHT_BIT = frozenset({"i8", "u8"})
_OPERANDS = 2
_BY_HEAD = 4  # axes of an operand of an attention: utterance, head, frame, channel
_DEQUANTIZATION = "/DequantizationMultiply"  # the runtime adds this to a product's name when it fuses the scale into it
_REFERENCE_S = 5.0


@dataclass(frozen=True)
class GraphCounts:
    """Number of quantization operations in an IR, and its size in bytes."""

    fake_quantize: int
    int8_weights: int
    bytes: int


@dataclass(frozen=True)
class ExecutedLayer:
    """A convolution or matrix product of the compiled model; an attention has two products, scores and values.

    Attributes:
        name: name of the operation in the IR if it is known, else the runtime's name.
        kind: layer type of the runtime, such as "FullyConnected".
        primitive: kernel that the runtime chose.
        precision: "i8" or "u8" if both operands are in 8 bits, else the type of the first operand that is not.
        macs: multiply-accumulates on the five-second reference input.
        reason: likely reason why the layer does not run in 8 bits; empty if it does.
    """

    name: str
    kind: str
    primitive: str
    precision: str
    macs: int
    reason: str = ""

    @property
    def eight_bit(self) -> bool:
        """True if the layer runs in i8 or u8."""
        return self.precision in _EIGHT_BIT


@dataclass(frozen=True)
class ExecutedWork:
    """All convolutions and matrix products of a compiled model.

    Attributes:
        layers: the layers, in execution order.
        unseen_macs: multiply-accumulates of the IR that no executed layer accounts for; they do not count as 8-bit.
    """

    layers: tuple[ExecutedLayer, ...]
    unseen_macs: int = 0

    @property
    def macs(self) -> int:
        """Total multiply-accumulates, including `unseen_macs`."""
        return sum(layer.macs for layer in self.layers) + self.unseen_macs

    @property
    def int8_macs(self) -> int:
        """Multiply-accumulates that run in 8 bits."""
        return sum(layer.macs for layer in self.layers if layer.eight_bit)

    @property
    def int8_share(self) -> float:
        """Fraction of the multiply-accumulates that run in 8 bits."""
        return self.int8_macs / self.macs if self.macs else 0.0

    @property
    def fallbacks(self) -> tuple[ExecutedLayer, ...]:
        """Layers that do not run in 8 bits, most multiply-accumulates first."""
        return tuple(sorted((x for x in self.layers if not x.eight_bit), key=lambda x: -x.macs))


def graph_counts(path: Path) -> GraphCounts:
    """Count the FakeQuantize operations, the 8-bit weight constants and the bytes (xml and bin) of an IR."""
    operations = read_ir(path).get_ops()
    fake_quantize = sum(op.get_type_name() == "FakeQuantize" for op in operations)
    weights = sum(_is_int8_weight(op) for op in operations)
    return GraphCounts(fake_quantize, weights, path.stat().st_size + path.with_suffix(".bin").stat().st_size)


def _is_int8_weight(op: Any) -> bool:
    if op.get_type_name() != "Constant":
        return False
    output = op.output(0)
    return output.get_element_type() in EIGHT_BIT_TYPES and len(output.get_shape()) > 1


def executed_work(
    path: Path,
    *,
    device: str,
    inference_precision: str,
    sampling_rate: int,
    ignored_scope: IgnoredScope | None = None,
) -> ExecutedWork:
    """Compile an IR for a five-second input and read back the precision and work of each executed layer.

    Args:
        path: the `.xml`, with its `.bin` in the same folder.
        device: OpenVINO device, such as "CPU".
        inference_precision: hint that the gates compile with, "f32" or "bf16".
        sampling_rate: sampling rate in Hz of the model's input.
        ignored_scope: operations that quantization left out, to explain why a layer runs in floating point.
    """
    model = read_ir(path)
    fix_length(path, model, int(_REFERENCE_S * sampling_rate))
    reader = _Reader(model, ignored_scope or IgnoredScope())
    compiled = ov.Core().compile_model(model, device, {INFERENCE_PRECISION: inference_precision})
    layers = tuple(reader.layers(compiled.get_runtime_model().get_ordered_ops()))
    unseen = reader.macs - sum(layer.macs for layer in layers)
    return ExecutedWork(layers, max(0, unseen))


class _Reader:
    """Reads the layers of a runtime model and matches them with the operations of its IR."""

    def __init__(self, model: ov.Model, ignored_scope: IgnoredScope) -> None:
        self._operations = operations(model)
        self._kernels = {op.get_friendly_name(): kernel_macs(op) for op in model.get_ops() if _convolves(op)}
        self._ignored_scope = ignored_scope
        self._met: set[Operation] = set()
        self.macs = sum(operation.macs for operation in self._operations)

    def layers(self, executed: Iterable[Any]) -> Iterator[ExecutedLayer]:
        for op in executed:
            info = {key: str(value.value) for key, value in op.get_rt_info().items() if hasattr(value, "value")}
            names = frozenset(info.get("originalLayersNames", "").split(","))
            kind = info.get("layerType", "")
            if kind in {"FullyConnected", "Convolution", "MatMul"}:
                yield self._product(op, info, names)
            elif kind == "Subgraph" or "Attention" in kind:
                yield from self._fused(op, info, names)

    def _product(self, op: Any, info: dict[str, str], names: frozenset[str]) -> ExecutedLayer:
        kind, types = info["layerType"], _operand_types(op)[:_OPERANDS]
        if kind == "Convolution":  # the runtime model keeps the name of a convolution, but not the shape of its kernel
            macs = sum(self._kernels.get(name, 0) for name in names) * math.prod(op.output(0).get_shape())
        elif kind == "MatMul":
            left, right, output = (list(port.get_shape()) for port in (op.input(0), op.input(1), op.output(0)))
            macs = product_macs(left, right, output)
        else:  # fusion may rename a FullyConnected, but it always sums over the last axis of its input
            macs = int(op.input(0).get_shape()[-1]) * math.prod(op.output(0).get_shape())
        precision = next((name for name in types if name not in _EIGHT_BIT), types[0])
        operation = self._find(names) or (self._unnamed_part(macs) if kind == "MatMul" else None)
        name = op.get_friendly_name()
        if operation is not None and operation.part:
            self._met.add(operation)
            name = _name_of(operation)
        return self._layer(name, info, precision, macs, operation)

    def _fused(self, op: Any, info: dict[str, str], names: frozenset[str]) -> Iterator[ExecutedLayer]:
        """Yield the products that one primitive fuses."""
        inside = [operation for operation in self._operations if operation.name in names]
        types = [port.get_element_type().get_type_name() for port in op.inputs() if not _is_mask(port)]
        eight_bit = [name for name in types if name in _EIGHT_BIT]
        other = next((name for name in types if name not in _EIGHT_BIT), info["runtimePrecision"])
        for number, operation in enumerate(inside):
            # The runtime model does not say which operand belongs to which product. The first product needs two
            # 8-bit operands, each further product one more. An 8-bit operand may also be a mask by query, so the IR
            # decides too.
            enough = len(eight_bit) >= _OPERANDS + number and all(operation.quantized)
            precision = eight_bit[0] if enough else other
            yield self._layer(_name_of(operation), info, precision, operation.macs, operation)

    def _layer(
        self, name: str, info: dict[str, str], precision: str, macs: int, operation: Operation | None
    ) -> ExecutedLayer:
        primitive = info.get("primitiveType", "")
        reason = "" if precision in _EIGHT_BIT else self._reason(operation, primitive)
        return ExecutedLayer(name, info["layerType"], primitive, precision, macs, reason)

    def _find(self, names: frozenset[str]) -> Operation | None:
        """Return the IR's operation for an executed product; None if there is none."""
        own = {name.removesuffix(_DEQUANTIZATION) for name in names}
        by_name = (operation for operation in self._operations if operation.name in own and operation not in self._met)
        # A product that the runtime fused into the addition after it carries the name of that addition.
        return next(by_name, None) or next((x for x in self._operations if own & {*x.consumers}), None)

    def _unnamed_part(self, macs: int) -> Operation | None:
        """Return the product of an attention that a product without a name stands for; None if there is none."""
        # Without AVX-512 the runtime splits a quantized attention into two products. The first one, the scores,
        # loses the name of the attention, so only its work identifies it.
        return next((x for x in self._operations if x.part and x.macs == macs and x not in self._met), None)

    def _reason(self, operation: Operation | None, primitive: str) -> str:
        if operation is None:
            return "not in the IR under this name: the runtime created it while optimizing"
        if operation.ignored_by(self._ignored_scope):
            return "left in floating point by quantization.ignored_scope"
        if not any(operation.quantized):
            operands = "its values" if operation.part == "values" else "its operands"
            return f"no FakeQuantize before {operands}: not quantized, or of a type that NNCF does not quantize"
        if not all(operation.quantized):
            missing = " and ".join(str(n) for n, quantized in enumerate(operation.quantized, 1) if not quantized)
            return (
                f"no FakeQuantize before its operand {missing}: only one operand is quantized, so the product runs in "
                "floating point"
            )
        if not cpu().has_dot_products:
            return f"quantized in the IR, but the instruction set {cpu().isa} has no 8-bit dot product"
        return f"quantized in the IR, but not fused: the runtime has no 8-bit kernel for it and used {primitive}"


def _name_of(operation: Operation) -> str:
    return f"{operation.name} ({operation.part})" if operation.part else operation.name


def _convolves(op: Any) -> bool:
    return op.get_type_name() in CONVOLUTIONS


def _is_mask(port: Any) -> bool:
    """Return whether an operand of an attention is a mask of keys alone, the same for all heads and queries."""
    shape = list(port.get_shape())
    return len(shape) == _BY_HEAD and shape[1:3] == [1, 1] and shape[3] > 1


def _operand_types(op: Any) -> list[str]:
    return [port.get_element_type().get_type_name() for port in op.inputs()]
