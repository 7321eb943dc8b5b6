"""Layers that differ between two sides: in the kernel and the types that execute them, or in their weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wergate.duel.worker import SideLayer
from wergate.networks.ir.weights import product_names, weight_changes

What = Literal["weights", "precision", "primitive"]
_KINDS = ("FullyConnected", "Convolution", "MatMul")
_DEQUANTIZATION = "/DequantizationMultiply"  # the runtime adds this to the name of a product whose scale it fuses
_OPERANDS = 2


@dataclass(frozen=True)
class LayerDifference:
    """A layer that differs.

    Attributes:
        name: name of the operation in the second side's IR.
        what: "weights", "precision" or "primitive".
        first, second: its state on each side.
    """

    name: str
    what: What
    first: str
    second: str

    @property
    def changes_results(self) -> bool:
        """True if the layer computes something else, and not the same with another kernel alone."""
        return self.what != "primitive"


def changed_weights(first: Path, second: Path) -> Iterator[LayerDifference]:
    """Yield the layers whose weights differ by more than rounding, the largest difference first.

    Args:
        first, second: the `.xml` of each side.
    """
    changes = sorted(weight_changes(first, second), key=lambda change: -change.error)
    for change in changes:
        if change.error > change.rounding:
            yield LayerDifference(change.name, "weights", "", f"{100 * change.error:.2g} % of the largest weight off")


def changed_execution(
    first: Sequence[SideLayer], second: Sequence[SideLayer], irs: tuple[Path, Path]
) -> Iterator[LayerDifference]:
    """Yield the convolutions and products that the sides execute in other types or with other primitives."""
    names = [name for name in product_names(irs[1]) if name in set(product_names(irs[0]))]
    sides = _by_name(first), _by_name(second)
    for name in names:
        before, after = (found.get(name) for found in sides)
        if before is None or after is None:
            continue
        if before.types[:_OPERANDS] != after.types[:_OPERANDS]:
            yield LayerDifference(name, "precision", _types(before), _types(after))
        elif before.primitive != after.primitive:
            yield LayerDifference(name, "primitive", before.primitive, after.primitive)


def _by_name(layers: Sequence[SideLayer]) -> dict[str, SideLayer]:
    """Return the layers by the names of the operations that they stand for."""
    return {
        name.removesuffix(_DEQUANTIZATION): layer for layer in layers if layer.kind in _KINDS for name in layer.names
    }


def _types(layer: SideLayer) -> str:
    return " x ".join(layer.types[:_OPERANDS])
