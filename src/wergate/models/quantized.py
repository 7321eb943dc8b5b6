"""Quantized models, which cannot serve as references: the cost of their quantization would be hidden."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from wergate.errors import SuiteError
from wergate.models.weight_size import onnx_graphs, onnx_tensors

_MARKS = ("quantize", "qlinear", "integer", "qattention", "qgemm", "qembed", "matmulnbits", "matmulfpq4", "matmulbnb4")
_LARGE = 256  # values; constants of a graph are smaller, weights larger
_REMEDY = (
    "a reference is a model in floating point; name the one that it was quantized from with --model, and an IR of the "
    "quantized one with --candidate"
)
_SHOWN = 3


def require_unquantized_graph(name: str, proto: Any) -> None:
    """Check that an ONNX file has no operations of quantization, and no weights in 8 bits or less.

    Raises:
        SuiteError: it has some.
    """
    found = Counter(_quantized_operations(proto.graph))
    found.update(kind for function in proto.functions for kind in _quantized_operations(function))
    found.update(_quantized_weights(proto.graph))
    if found:
        listed = ", ".join(f"{count} {kind}" for kind, count in found.most_common(_SHOWN))
        raise SuiteError(f"model '{name}' is quantized already ({listed}); {_REMEDY}")


def _quantized_operations(graph: Any) -> Iterator[str]:
    kinds = (node.op_type for each in onnx_graphs(graph) for node in each.node)
    yield from (kind for kind in kinds if any(mark in kind.lower() for mark in _MARKS))


def _quantized_weights(graph: Any) -> Iterator[str]:
    for tensor in onnx_tensors(graph):
        few_bits = {tensor.INT8, tensor.UINT8, tensor.INT4, tensor.UINT4}
        if tensor.data_type in few_bits and len(tensor.dims) > 1 and math.prod(tensor.dims) >= _LARGE:
            yield f"weights in {tensor.DataType.Name(tensor.data_type)}"


def require_unquantized_configuration(name: str, config: Mapping[str, Any]) -> None:
    """Check that the configuration of a checkpoint names no quantization.

    Raises:
        SuiteError: it names one.
    """
    settings = config.get("quantization_config")
    if settings:
        method = settings.get("quant_method", "unknown method") if isinstance(settings, dict) else settings
        raise SuiteError(f"model '{name}' is quantized already (quantization_config: {method}); {_REMEDY}")
