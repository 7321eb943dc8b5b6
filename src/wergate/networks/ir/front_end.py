"""The spectral front end of a network: the operations that turn the waveform into a normalized log spectrum.

The power of speech spans more than 8 bits hold, and the logarithm makes small powers as important as large ones. So
quantization damages these operations as a group, whatever their types are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wergate.networks.ir.work import FAKE_QUANTIZE, PRODUCTS, is_stored

_LEARNED = PRODUCTS | {"LSTMSequence", "GRUSequence", "RNNSequence"}
_LOGARITHM = "Log"
_SQUARING = frozenset({"Power", "Abs", "ReduceL2", "SquaredDifference"})  # and a Multiply of a value by itself


def front_end(model: Any) -> Mapping[str, str]:
    """Return the types of the operations of a network's spectral front end by name; empty if it has none.

    The front end is the first logarithm of a magnitude that learned layers follow, everything that it is computed
    from, and everything between it and the next product with weights, such as the normalization.

    Args:
        model: an `openvino.Model`.
    """
    operations = model.get_ordered_ops()
    active = _after(operations, {"Parameter"})
    for op in operations:
        if op.get_type_name() == _LOGARITHM and op.get_friendly_name() in active:
            before, behind = _before(op, active), _behind(op)
            if any(_squares(other) for other in before) and any(_is_weighted(other) for other in behind):
                until = [other for other in behind if not _is_weighted(other)]
                found = {other.get_friendly_name() for other in (*before, op, *until)}
                return {name: own.get_type_name() for own in operations if (name := own.get_friendly_name()) in found}
    return {}


def _after(operations: Iterable[Any], kinds: Iterable[str]) -> frozenset[str]:
    """Return the names of the operations that depend on an operation of these types, and of these operations."""
    found: set[str] = set()
    for op in operations:
        sources = (port.get_source_output().get_node().get_friendly_name() for port in op.inputs())
        if op.get_type_name() in kinds or any(source in found for source in sources):
            found.add(op.get_friendly_name())
    return frozenset(found)


def _before(op: Any, active: frozenset[str]) -> list[Any]:
    """Return the operations that an operation is computed from and that depend on an input of the network."""
    found: dict[str, Any] = {}
    left = [op]
    while left:
        for port in left.pop().inputs():
            source = port.get_source_output().get_node()
            name = source.get_friendly_name()
            if name in active and name not in found and source.get_type_name() != "Parameter":
                found[name] = source
                left.append(source)
    return list(found.values())


def _behind(op: Any) -> list[Any]:
    """Return the operations that follow an operation, up to and including the first products with weights."""
    found: dict[str, Any] = {}
    left = [op]
    while left:
        for output in left.pop().outputs():
            for port in output.get_target_inputs():
                target = port.get_node()
                name = target.get_friendly_name()
                if name not in found and target.get_type_name() != "Result":
                    found[name] = target
                    left += [] if _is_weighted(target) else [target]
    return list(found.values())


def _is_weighted(op: Any) -> bool:
    """Return whether an operation is a product with weights."""
    if op.get_type_name() not in _LEARNED:
        return False
    return any(is_stored(port.get_source_output().get_node()) for port in op.inputs())


def _squares(op: Any) -> bool:
    """Return whether an operation computes a magnitude or a power."""
    kind = op.get_type_name()
    if kind == "Multiply":
        left, right = (_unquantized(port.get_source_output().get_node()) for port in op.inputs())
        return bool(left.get_friendly_name() == right.get_friendly_name())
    return kind in _SQUARING


def _unquantized(node: Any) -> Any:
    """Return the operation before quantization, which may quantize each operand by itself."""
    return node.input_value(0).get_node() if node.get_type_name() == FAKE_QUANTIZE else node
