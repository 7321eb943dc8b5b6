"""Conversion of ONNX to an FP16 IR with the Model Optimizer of OpenVINO 2023.3, as in the tutorial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def convert(job: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the job's `onnx` file and write it as `ir`."""
    from openvino.runtime import serialize
    from openvino.tools import mo

    model = mo.convert_model(job["onnx"], compress_to_fp16=True)
    serialize(model, job["ir"])
    print(f"IR model saved to {job['ir']}")
    return {}
