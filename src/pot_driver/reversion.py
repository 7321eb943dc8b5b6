"""Layers that accuracy-aware quantization reverted to floating point, found by comparing two IRs."""

from __future__ import annotations

from typing import Any

_QUANTIZE = "FakeQuantize"
_CARRYING = frozenset({"Transpose", "Reshape", "Convert", "Unsqueeze", "Squeeze"})  # these compute nothing


def reverted(full: str, final: str) -> list[str]:
    """Return the sorted names of the operations that have quantized inputs in IR `full` but not in IR `final`."""
    return sorted(quantized_operations(full) - quantized_operations(final))


def quantized_operations(ir: str) -> set[str]:
    """Return the names of the operations with quantized inputs.

    An operation has a quantized input if a FakeQuantize feeds it directly, or through operations that compute nothing.
    """
    from openvino.runtime import Core

    names: set[str] = set()
    for operation in Core().read_model(ir).get_ops():
        if operation.get_type_name() == _QUANTIZE:
            names |= _consumers(operation)
    return names


def _consumers(operation: Any) -> set[str]:
    names: set[str] = set()
    for target in (target.get_node() for output in operation.outputs() for target in output.get_target_inputs()):
        names |= _consumers(target) if target.get_type_name() in _CARRYING else {target.get_friendly_name()}
    return names
