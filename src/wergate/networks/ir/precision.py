"""Precision of a compiled model, read back from the runtime: as a property, and layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

INFERENCE_PRECISION = "INFERENCE_PRECISION_HINT"
_HALF = frozenset({"bf16", "f16"})


@dataclass(frozen=True)
class RunPrecision:
    """The inference precision of a compiled model.

    Attributes:
        samples: the fixed length of its input in samples, or None for any length.
        asked: inference precision that the runtime was asked for, "f32" or "bf16".
        reported: inference precision that the compiled model reports, or the one asked for if it reports none.
        layers: number of layers that the runtime executes.
        half: names of those that it executes in half precision.
    """

    samples: int | None
    asked: str
    reported: str
    layers: int
    half: tuple[str, ...]

    def is_in(self, wanted: str) -> bool:
        """Return whether the model was asked to run in a precision, reports it, and has no layer in a lower one."""
        return self.asked == self.reported == wanted and not (wanted == "f32" and self.half)


def run_precision(compiled: Any, *, asked: str, samples: int | None = None) -> RunPrecision:
    """Read the precision of a compiled model from its property and from its runtime model.

    Args:
        asked: inference precision that the model was compiled with.
        samples: the fixed length of its input in samples.
    """
    executed = [op for op in compiled.get_runtime_model().get_ordered_ops() if op.inputs()]
    half = tuple(op.get_friendly_name() for op in executed if _activations(op) in _HALF)
    return RunPrecision(samples, asked, reported_precision(compiled, asked), len(executed), half)


def _activations(op: Any) -> str:
    """Return the element type of the activations that a layer reads; empty if it reads constants only.

    Weights may be stored in half precision, on either side of a product.
    """
    types = (port.get_element_type() for port in op.inputs() if not _is_constant(port.get_source_output().get_node()))
    return next((str(kind.get_type_name()) for kind in types), "")


def _is_constant(op: Any) -> bool:
    """Return whether the runtime computes an operation from constants alone, such as a conversion of weights."""
    inputs = op.inputs()
    if not inputs:
        kind = op.get_rt_info()["layerType"]
        return str(kind.value if hasattr(kind, "value") else kind) == "Const"
    return all(_is_constant(port.get_source_output().get_node()) for port in inputs)


def reported_precision(compiled: Any, asked: str) -> str:
    """Return the inference precision that a compiled model reports, or the requested one if it reports none."""
    reports = INFERENCE_PRECISION in compiled.get_property("SUPPORTED_PROPERTIES")
    return str(compiled.get_property(INFERENCE_PRECISION).get_type_name()) if reports else asked
