"""Quantizers: what makes a model's INT8 IR of its FP16 IR, by the name that `--quantizer` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wergate.corpus import Corpus
from wergate.progress import Progress
from wergate.quantize import int8_ir
from wergate.settings import ModelSettings, QuantizerName
from wergate.store import Artifact, Store


@dataclass(frozen=True)
class QuantizationTask:
    """What a quantizer is given.

    Attributes:
        calibration: utterances that range statistics are collected on.
    """

    store: Store
    fp16: Artifact
    calibration: Corpus
    settings: ModelSettings
    progress: Progress


Quantizer = Callable[[QuantizationTask], Artifact]


def _nncf(task: QuantizationTask) -> Artifact:
    return int8_ir(task.store, task.fp16, task.calibration, settings=task.settings.quantization, progress=task.progress)


QUANTIZERS: Mapping[QuantizerName, Quantizer] = {"nncf": _nncf}


def quantized_ir(task: QuantizationTask) -> Artifact:
    """Return the INT8 IR that the settings' quantizer makes: `model.xml`, `model.bin` and `frontend.json`."""
    return QUANTIZERS[task.settings.quantizer](task)
