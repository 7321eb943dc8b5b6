"""Building an IR in this environment: from ONNX to FP16, and to INT8 if NNCF is installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov


def convert(job: Mapping[str, Any]) -> dict[str, Any]:
    """Convert an ONNX file (`onnx`) and write it as an FP16 IR (`ir`)."""
    ov.save_model(ov.convert_model(job["onnx"]), job["ir"], compress_to_fp16=True)
    return {}


def quantize(job: Mapping[str, Any]) -> dict[str, Any]:
    """Quantize an IR (`ir`) with NNCF and write the result (`out`).

    Args:
        job: also has the folder of the calibration inputs (`calibration`), one `.npz` for each utterance with an array
            per input, and NNCF's `preset` and `subset_size`.
    """
    import nncf

    model = ov.Core().read_model(job["ir"])
    files = sorted(Path(job["calibration"]).glob("*.npz"))
    quantized = nncf.quantize(
        model,
        nncf.Dataset(_Inputs(files)),
        preset=nncf.QuantizationPreset(job["preset"]),
        subset_size=min(len(files), int(job["subset_size"])),
        model_type=nncf.ModelType.TRANSFORMER,
    )
    ov.save_model(quantized, job["out"], compress_to_fp16=True)
    return {"utterances": len(files)}


class _Inputs:
    """Calibration inputs that can be read again and again."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[dict[int, Any]]:
        for file in self._files:
            with np.load(file, allow_pickle=False) as found:
                yield {int(name): found[name] for name in found.files}
