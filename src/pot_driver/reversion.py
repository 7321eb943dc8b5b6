"""Which layers an accuracy-aware search took back to floating point: one IR beside another."""

from __future__ import annotations

from typing import Any

_QUANTIZE = "FakeQuantize"
_CARRYING = frozenset({"Transpose", "Reshape", "Convert", "Unsqueeze", "Squeeze"})  # what computes nothing


def reverted(full: str, final: str) -> list[str]:
    """Return the operations that take quantized inputs in one IR, and none in the other, by name."""
    return sorted(quantized_operations(full) - quantized_operations(final))


def quantized_operations(ir: str) -> set[str]:
    """Return the operations behind a FakeQuantize, by name; those that only carry a value on are looked through."""
    from openvino.runtime import Core

    found: set[str] = set()
    for operation in Core().read_model(ir).get_ops():
        if operation.get_type_name() == _QUANTIZE:
            found |= _consumers(operation)
    return found


def _consumers(operation: Any) -> set[str]:
    names: set[str] = set()
    for target in (target.get_node() for output in operation.outputs() for target in output.get_target_inputs()):
        names |= _consumers(target) if target.get_type_name() in _CARRYING else {target.get_friendly_name()}
    return names
