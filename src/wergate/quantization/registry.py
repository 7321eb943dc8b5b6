"""Quantizers by the name that `--quantizer` takes, each with the converter for the FP16 IR that it starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from wergate.config.base import QuantizerName
from wergate.config.models import ModelSettings
from wergate.corpora.corpus import Corpus
from wergate.models.base import ReferenceModel
from wergate.progress import Progress
from wergate.quantization.accuracy_control import controlled_ir
from wergate.quantization.fp16 import fp16_ir
from wergate.quantization.int8_weights import weights_ir
from wergate.quantization.legacy import Legacy
from wergate.quantization.nncf import int8_ir
from wergate.quantization.pot import Algorithm, legacy_fp16_ir, pot_int8_ir
from wergate.store import Artifact, Store


@dataclass(frozen=True)
class ConversionTask:
    """Arguments of a converter.

    Attributes:
        store: the store.
        model: the reference model.
        settings: settings of the model.
        progress: progress display.
        legacy: returns the legacy environment; only some converters call it.
    """

    store: Store
    model: ReferenceModel
    settings: ModelSettings
    progress: Progress
    legacy: Callable[[], Legacy]


@dataclass(frozen=True)
class QuantizationTask:
    """Arguments of a quantizer.

    Attributes:
        store: the store.
        fp16: artifact of the FP16 IR.
        calibration: utterances that provide range statistics.
        settings: settings of the model.
        progress: progress display.
        legacy: returns the legacy environment; only some quantizers call it.
    """

    store: Store
    fp16: Artifact
    calibration: Corpus
    settings: ModelSettings
    progress: Progress
    legacy: Callable[[], Legacy]


Converter = Callable[[ConversionTask], Artifact]
Quantizer = Callable[[QuantizationTask], Artifact]


def _nncf(task: QuantizationTask) -> Artifact:
    return int8_ir(task.store, task.fp16, task.calibration, settings=task.settings.quantization, progress=task.progress)


def _controlled(task: QuantizationTask) -> Artifact:
    """Quantize with accuracy control, tuned on utterances of the calibration corpus."""
    # The evaluated utterances must not be used for tuning, so tuning uses the calibration corpus as well.
    control = task.settings.accuracy_control
    return controlled_ir(
        task.store,
        task.fp16,
        task.calibration,
        task.calibration.drawn(control.validation_utterances, seed=control.seed, part="validation"),
        settings=task.settings,
        normalizer=task.settings.normalizer,
        progress=task.progress,
    )


def _weights(task: QuantizationTask) -> Artifact:
    return weights_ir(task.store, task.fp16, scope=task.settings.quantization.ignored_scope, progress=task.progress)


def _mo(task: ConversionTask) -> Artifact:
    return legacy_fp16_ir(task.store, task.model, task.legacy(), task.progress)


def _pot(algorithm: Algorithm, task: QuantizationTask) -> Artifact:
    return pot_int8_ir(
        task.store,
        task.fp16,
        task.calibration,
        algorithm=algorithm,
        settings=task.settings,
        legacy=task.legacy(),
        progress=task.progress,
    )


QUANTIZERS: Mapping[QuantizerName, Quantizer] = {
    "nncf": _nncf,
    "nncf-accuracy-control": _controlled,
    "int8-weights": _weights,
    "pot": partial(_pot, "DefaultQuantization"),
    "pot-accuracy-aware": partial(_pot, "AccuracyAwareQuantization"),
}
# the quantizers that make activation ranges by the settings of `quantization`, as NNCF reads them
NNCF_RANGES: frozenset[QuantizerName] = frozenset({"nncf", "nncf-accuracy-control"})
# all other quantizers start from the FP16 IR of the installed OpenVINO
_CONVERTERS: Mapping[QuantizerName, Converter] = {"pot": _mo, "pot-accuracy-aware": _mo}


def converted_ir(task: ConversionTask) -> Artifact:
    """Return the FP16 IR that the settings' quantizer starts from: `model.xml`, `model.bin` and `frontend.json`."""
    convert = _CONVERTERS.get(task.settings.quantizer)
    return convert(task) if convert else fp16_ir(task.store, task.model, task.progress)


def quantized_ir(task: QuantizationTask) -> Artifact:
    """Return the INT8 IR of the settings' quantizer: `model.xml`, `model.bin` and `frontend.json`."""
    return QUANTIZERS[task.settings.quantizer](task)
