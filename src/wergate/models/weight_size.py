"""Sizes of weights at four bytes a parameter, whatever precision a file stores them in.

The sizes of IRs are compared with these. A file in half precision is as small as the FP16 IR.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_FULL = 4  # bytes
_STORED = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}  # names of safetensors, bytes


def safetensors_widening(paths: Iterable[Path]) -> int:
    """Return the bytes that safetensors files would grow by at four bytes a floating-point parameter."""
    from safetensors import safe_open

    def growth(path: Path) -> Iterator[int]:
        with safe_open(path, framework="np") as opened:
            for name in opened.keys():  # noqa: SIM118 - the file cannot be iterated
                tensor = opened.get_slice(name)
                stored = _STORED.get(tensor.get_dtype(), _FULL)
                yield (_FULL - stored) * math.prod(tensor.get_shape())

    return sum(sum(growth(path)) for path in paths)


def pickle_widening(paths: Iterable[Path]) -> int:
    """Return the bytes that pickled state dictionaries would grow by; their weights are not read."""
    import torch

    tensors = (
        tensor
        for path in paths
        for tensor in torch.load(path, map_location="meta", weights_only=True).values()
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point()
    )
    return sum((_FULL - tensor.element_size()) * tensor.numel() for tensor in tensors)


def onnx_widening(graph: Any) -> int:
    """Return the bytes that the tensors of an ONNX graph, and of the graphs inside it, would grow by."""
    from onnx import TensorProto

    stored = {TensorProto.FLOAT16: 2, TensorProto.BFLOAT16: 2, TensorProto.DOUBLE: 8}
    return sum((_FULL - stored.get(tensor.data_type, _FULL)) * math.prod(tensor.dims) for tensor in onnx_tensors(graph))


def onnx_tensors(graph: Any) -> Iterator[Any]:
    """Yield the stored tensors of an ONNX graph and of the graphs inside it."""
    yield from graph.initializer
    for attribute in (attribute for node in graph.node for attribute in node.attribute):
        yield from (tensor for tensor in (attribute.t, *attribute.tensors) if tensor.data_type)
        for inner in (attribute.g, *attribute.graphs):
            yield from onnx_tensors(inner)
