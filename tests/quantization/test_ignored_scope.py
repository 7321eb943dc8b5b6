"""An ignored scope that matches nothing: the nearest names are told, in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.shipped import section
from wergate.config.quantization import IgnoredScope, QuantizationSettings
from wergate.errors import SuiteError
from wergate.quantization.nncf import quantize

NAMES = ("encoder/layers.1/dense/MatMul", "encoder/layers.2/dense/MatMul", "head/MatMul")
SCOPES = {
    "names": (
        IgnoredScope(names=["encoder/layers.1/dense/MatMull", "head/MatMul"]),
        "is called 'encoder/layers.1/dense/MatMull', the nearest are 'encoder/layers.1/dense/MatMul', 'encoder/",
    ),
    "patterns": (
        IgnoredScope(patterns=["heads/.*"]),
        "no operation matches the pattern 'heads/.*', the nearest are 'head/MatMul', ",
    ),
    "types": (
        IgnoredScope(types=["Matmul", "Convolution"]),
        "no operation is of the type 'Matmul', the nearest are 'MatMul', 'Convert' and no operation is of the type 'C",
    ),
}


@pytest.mark.parametrize("part", SCOPES)
def test_the_nearest_names_are_told(part: str, tmp_path: Path) -> None:
    """What matches nothing is named with what the model has; what matches is not."""
    import openvino as ov
    from openvino import opset13

    last = waveform = opset13.parameter([1, 8], ov.Type.f32)
    for name in NAMES:
        last = opset13.matmul(last, np.eye(8, dtype=np.float32), transpose_a=False, transpose_b=True)
        last.set_friendly_name(name)
    ov.save_model(ov.Model([last], [waveform]), tmp_path / "fp16.xml")
    scope, told = SCOPES[part]
    settings = section(QuantizationSettings, ignored_scope=scope)
    with pytest.raises(SuiteError) as error:
        quantize(tmp_path / "fp16.xml", [{0: np.ones((1, 8), np.float32)}], settings, tmp_path / "int8.xml")
    assert str(error.value).startswith("quantization.ignored_scope is not accepted: ")
    assert told in str(error.value)
