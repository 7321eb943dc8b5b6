"""Sizes of weights at four bytes a parameter, whatever precision a file stores them in.

The sizes of IRs are compared with these. A file in half precision is as small as the FP16 IR.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from wergate.errors import SuiteError

FULL = 4  # bytes of a parameter in full precision
_STORED = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}  # names of safetensors, bytes


def safetensors_widening(paths: Iterable[Path]) -> int:
    """Return the bytes that safetensors files would grow by at four bytes a floating-point parameter."""
    from safetensors import SafetensorError, safe_open

    def growth(path: Path) -> Iterator[int]:
        with safe_open(path, framework="np") as opened:
            for name in opened.keys():  # noqa: SIM118 - the file cannot be iterated
                tensor = opened.get_slice(name)
                stored = _STORED.get(tensor.get_dtype(), FULL)
                yield (FULL - stored) * math.prod(tensor.get_shape())

    def grown(path: Path) -> int:
        try:
            return sum(growth(path))
        except SafetensorError as error:
            raise SuiteError(
                f"weights '{path}' cannot be read: {error}; a complete file of safetensors is accepted; copy it again"
            ) from error

    return sum(map(grown, paths))


def onnx_widening(graph: Any) -> int:
    """Return the bytes that the tensors of an ONNX graph, and of the graphs inside it, would grow by."""
    return sum((FULL - _stored_bytes(tensor)) * math.prod(tensor.dims) for tensor in onnx_tensors(graph))


def _stored_bytes(tensor: Any) -> int:
    """Return the bytes of a stored value; that of full precision for integers."""
    return {tensor.FLOAT16: 2, tensor.BFLOAT16: 2, tensor.DOUBLE: 8}.get(tensor.data_type, FULL)


def onnx_tensors(graph: Any) -> Iterator[Any]:
    """Yield the stored tensors of an ONNX graph and of the graphs inside it."""
    for each in onnx_graphs(graph):
        yield from each.initializer
        for attribute in (attribute for node in each.node for attribute in node.attribute):
            yield from (tensor for tensor in (attribute.t, *attribute.tensors) if tensor.data_type)


def onnx_graphs(graph: Any) -> Iterator[Any]:
    """Yield an ONNX graph, or a function, and the graphs inside it, such as the branches of a condition."""
    yield graph
    for attribute in (attribute for node in graph.node for attribute in node.attribute):
        for inner in (attribute.g, *attribute.graphs):
            yield from onnx_graphs(inner)
