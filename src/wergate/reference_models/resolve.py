"""From a model's settings to the model that it names."""

from __future__ import annotations

from pathlib import Path

from wergate.checkpoint import resolve_checkpoint
from wergate.config import SuiteConfig
from wergate.labels import LabelOptions
from wergate.onnx_file import OnnxOptions, open_onnx
from wergate.reference_models import ReferenceModel
from wergate.reference_models.onnx_model import OnnxModel
from wergate.reference_models.transformers_model import TransformersModel
from wergate.settings import ModelSettings


def resolve_model(settings: ModelSettings, config: SuiteConfig, embedded: Path) -> ReferenceModel:
    """Find the reference model that a spec names, without loading it.

    Args:
        embedded: the folder of the embedded checkpoint and corpus.

    Raises:
        SuiteError: unknown spec, missing or pickled weights, no CTC head, a hub that cannot be reached, or an ONNX file
            without its labels or external data.
    """
    if settings.spec.endswith(".onnx"):
        return OnnxModel(open_onnx(Path(settings.spec), _onnx_options(settings)))
    found = resolve_checkpoint(settings.spec, embedded, language=settings.language, allow_pickle=config.allow_pickle)
    return TransformersModel(found)


def _onnx_options(settings: ModelSettings) -> OnnxOptions:
    labels = Path(settings.labels) if settings.labels is not None else None
    said = LabelOptions(labels, settings.blank, settings.word_delimiter, settings.units)
    return OnnxOptions(said, settings.sampling_rate, settings.normalize_audio)
