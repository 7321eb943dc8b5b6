"""Error for an ignored scope that matches nothing: one line with the nearest names."""

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
        "has the name 'encoder/layers.1/dense/MatMull', the nearest are 'encoder/layers.1/dense/MatMul', 'encoder/",
    ),
    "patterns": (
        IgnoredScope(patterns=["heads/.*"]),
        "no operation matches the pattern 'heads/.*', the nearest are 'head/MatMul', ",
    ),
    "types": (
        IgnoredScope(types=["Matmul", "Convolution"]),
        "no operation has the type 'Matmul', the nearest are 'MatMul', 'Convert' and no operation has the type 'C",
    ),
}


@pytest.mark.parametrize("part", SCOPES)
def test_the_message_has_the_nearest_names(part: str, tmp_path: Path) -> None:
    """Each part that matches nothing is in the message with the nearest names; matching parts are not."""
    import openvino as ov
    from openvino import opset13

    last = waveform = opset13.parameter([1, 8], ov.Type.f32)
    for name in NAMES:
        last = opset13.matmul(last, np.eye(8, dtype=np.float32), transpose_a=False, transpose_b=True)
        last.set_friendly_name(name)
    ov.save_model(ov.Model([last], [waveform]), tmp_path / "fp16.xml")
    scope, message = SCOPES[part]
    settings = section(QuantizationSettings, ignored_scope=scope)
    with pytest.raises(SuiteError) as error:
        quantize(tmp_path / "fp16.xml", [{0: np.ones((1, 8), np.float32)}], settings, tmp_path / "int8.xml")
    assert str(error.value).startswith("quantization.ignored_scope is not accepted: ")
    assert message in str(error.value)
