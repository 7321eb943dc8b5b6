"""What an IR says and what the compiled model really executes.

FakeQuantize in the graph is a wish. The runtime model is the evidence: each executed primitive with its precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from wergate.recognizers.openvino_ir import ir_inputs

_WORK_TYPES = frozenset({"FullyConnected", "Convolution"})
_EIGHT_BIT = frozenset({"i8", "u8"})
_CONVOLUTIONS = frozenset({"Convolution", "GroupConvolution"})
_REFERENCE_S = 5.0


@dataclass(frozen=True)
class GraphCounts:
    """Quantization as the IR states it, and its size."""

    fake_quantize: int
    int8_weights: int
    bytes: int


@dataclass(frozen=True)
class ExecutedLayer:
    """One FullyConnected or Convolution primitive of the compiled model.

    Attributes:
        precision: what its inputs are computed in, as the runtime reports it.
        macs: multiply-accumulates on the reference input.
    """

    name: str
    kind: str
    primitive: str
    precision: str
    macs: int

    @property
    def eight_bit(self) -> bool:
        """Whether it runs in i8 or u8."""
        return self.precision in _EIGHT_BIT


@dataclass(frozen=True)
class ExecutedWork:
    """All FullyConnected and Convolution work of a compiled model."""

    layers: tuple[ExecutedLayer, ...]

    @property
    def int8_share(self) -> float:
        """Share of the multiply-accumulates that run in 8 bit."""
        total = sum(layer.macs for layer in self.layers)
        return sum(layer.macs for layer in self.layers if layer.eight_bit) / total if total else 0.0

    @property
    def fallbacks(self) -> tuple[ExecutedLayer, ...]:
        """The layers that do not run in 8 bit, the heaviest first."""
        return tuple(sorted((x for x in self.layers if not x.eight_bit), key=lambda x: -x.macs))


def graph_counts(path: Path) -> GraphCounts:
    """Count FakeQuantize operations and 8-bit weight constants of an IR, and its bytes (xml and bin)."""
    operations = ov.Core().read_model(path).get_ops()
    fake_quantize = sum(op.get_type_name() == "FakeQuantize" for op in operations)
    weights = sum(_is_int8_weight(op) for op in operations)
    return GraphCounts(fake_quantize, weights, path.stat().st_size + path.with_suffix(".bin").stat().st_size)


def _is_int8_weight(op: Any) -> bool:
    if op.get_type_name() != "Constant":
        return False
    output = op.output(0)
    return output.get_element_type() in (ov.Type.i8, ov.Type.u8) and len(output.get_shape()) > 1


def executed_work(path: Path, *, device: str, inference_precision: str, sampling_rate: int) -> ExecutedWork:
    """Compile an IR and read back what runs, weighted by the work on a five-second input.

    Args:
        inference_precision: the hint that the gates compile with, "f32" or "bf16".
        sampling_rate: Hz, of the model's input.
    """
    core = ov.Core()
    model = core.read_model(path)
    reference = np.zeros((1, int(_REFERENCE_S * sampling_rate)), np.float32)
    model.reshape({key: list(value.shape) for key, value in ir_inputs(path, model).feed(reference).items()})
    kernels = {
        op.get_friendly_name(): _kernel_macs(op) for op in model.get_ops() if op.get_type_name() in _CONVOLUTIONS
    }
    compiled = core.compile_model(model, device, {"INFERENCE_PRECISION_HINT": inference_precision})
    layers = (_executed_layer(op, kernels) for op in compiled.get_runtime_model().get_ordered_ops())
    return ExecutedWork(tuple(layer for layer in layers if layer is not None))


def _kernel_macs(op: Any) -> int:
    """Return the multiply-accumulates behind one output value of a convolution."""
    weights = list(op.input(1).get_shape())  # (out, in, kernel), with the groups in front where there are any
    return int(np.prod(weights[2:] if op.get_type_name() == "GroupConvolution" else weights[1:]))


def _executed_layer(op: Any, kernels: dict[str, int]) -> ExecutedLayer | None:
    info = {key: str(value.value) for key, value in op.get_rt_info().items() if hasattr(value, "value")}
    kind = info.get("layerType", "")
    if kind not in _WORK_TYPES:
        return None
    if kind == "Convolution":  # the runtime keeps a convolution's name, but not its kernel's shape
        per_output = sum(kernels.get(name, 0) for name in info["originalLayersNames"].split(","))
    else:  # fusion may rename a FullyConnected; its input's last axis is what it sums over
        per_output = int(op.input(0).get_shape()[-1])
    macs = per_output * int(np.prod(op.output(0).get_shape()))
    return ExecutedLayer(op.get_friendly_name(), kind, info.get("primitiveType", ""), info["runtimePrecision"], macs)
