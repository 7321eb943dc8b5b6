"""Edits of the constants of an INT8 IR, by layer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

Array = np.ndarray[Any, Any]
_PRODUCTS = frozenset({"Convolution", "GroupConvolution", "MatMul"})


class Layer:
    """A convolution or matrix product with 8-bit weights and their scales."""

    def __init__(self, product: Any) -> None:
        self.name = product.get_friendly_name()
        self._scaled = product.input_value(1).get_node()
        self._converted = self._scaled.input_value(0).get_node()

    @property
    def weights(self) -> Array:
        """The stored integers."""
        return np.array(self._converted.input_value(0).get_node().data)

    @weights.setter
    def weights(self, values: Array) -> None:
        constant = ov.opset13.constant(values.astype(np.int8))
        self._converted.input(0).replace_source_output(constant.output(0))

    @property
    def scale(self) -> Array:
        """The scales of the integers."""
        return np.array(self._scaled.input_value(1).get_node().data)

    @scale.setter
    def scale(self, values: Array) -> None:
        constant = ov.opset13.constant(values.astype(np.float32))
        self._scaled.input(1).replace_source_output(constant.output(0))


def layers(model: ov.Model) -> Iterator[Layer]:
    """Yield the layers with 8-bit weights, in the order of the model."""
    for op in model.get_ordered_ops():
        if op.get_type_name() in _PRODUCTS and op.input_value(1).get_node().get_type_name() == "Multiply":
            yield Layer(op)


def edit(path: Path, change: Callable[[dict[str, Layer]], None]) -> None:
    """Change layers of an IR and save it; a layer has a short name such as "layers.1.attention.k_proj"."""
    edit_model(path, lambda model: change({_short(layer.name): layer for layer in layers(model)}))


def edit_model(path: Path, change: Callable[[ov.Model], None]) -> None:
    """Change an IR and save it."""
    model = ov.Core().read_model(path)
    change(model)
    damaged = path.with_name("damaged.xml")
    ov.save_model(model, damaged, compress_to_fp16=False)
    del model
    for suffix in (".xml", ".bin"):
        damaged.with_suffix(suffix).replace(path.with_suffix(suffix))


def _short(name: str) -> str:
    return name.partition("/aten::")[0].removeprefix("__module.").removeprefix("data2vec_audio.")


def scale_ranges(path: Path, pattern: str, factor: float) -> None:
    """Multiply the ranges of the activation quantizers whose names match a regular expression, and save the IR."""

    def change(model: ov.Model) -> None:
        found = [op for op in model.get_ordered_ops() if op.get_type_name() == "FakeQuantize"]
        matching = [op for op in found if re.search(pattern, op.get_friendly_name())]
        assert matching
        for op in matching:
            for port in op.inputs()[1:]:
                values = np.asarray(port.get_source_output().get_node().data) * np.float32(factor)
                port.replace_source_output(ov.opset13.constant(values).output(0))

    edit_model(path, change)
