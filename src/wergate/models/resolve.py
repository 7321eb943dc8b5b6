"""From a model's settings to the model that it names."""

from __future__ import annotations

from pathlib import Path

from wergate.config.models import ModelSettings
from wergate.config.suite import SuiteConfig
from wergate.errors import SuiteError
from wergate.models.base import ReferenceModel
from wergate.models.checkpoint import resolve_checkpoint
from wergate.models.labels import LabelOptions
from wergate.models.onnx import OnnxModel
from wergate.models.onnx_file import OnnxOptions, open_onnx
from wergate.models.transformers import TransformersModel

_OF_ONNX = ("labels", "blank", "word_delimiter", "units", "sampling_rate", "normalize_audio")
_OF_CHECKPOINTS = ("language",)


def resolve_model(settings: ModelSettings, config: SuiteConfig, embedded: Path) -> ReferenceModel:
    """Find the reference model that a spec names, without loading it.

    Args:
        embedded: the folder of the embedded checkpoint and corpus.

    Raises:
        SuiteError: unknown spec, missing or pickled weights, no CTC head, a hub that cannot be reached, or an ONNX file
            without its labels or external data.
    """
    _require_fitting(settings)
    if settings.spec.endswith(".onnx"):
        return OnnxModel(open_onnx(Path(settings.spec), _onnx_options(settings)))
    found = resolve_checkpoint(
        settings.spec,
        embedded,
        language=settings.language,
        allow_pickle=config.allow_pickle,
        names=config.model.keys() - {settings.name},
    )
    return TransformersModel(found)


def _require_fitting(settings: ModelSettings) -> None:
    """Refuse what this kind of model would leave unheard."""
    onnx = settings.spec.endswith(".onnx")
    unheard = next((key for key in (_OF_CHECKPOINTS if onnx else _OF_ONNX) if getattr(settings, key) is not None), None)
    if unheard is not None:
        kind, other = ("an .onnx file", "a checkpoint") if onnx else ("a checkpoint", "an .onnx file")
        raise SuiteError(
            f"model '{settings.name}' is {kind}, and {unheard} = {getattr(settings, unheard)!r} is for {other}; "
            "what a checkpoint's processor files tell, and what an .onnx file does not, is not mixed; remove it"
        )


def _onnx_options(settings: ModelSettings) -> OnnxOptions:
    labels = Path(settings.labels) if settings.labels is not None else None
    said = LabelOptions(labels, settings.blank, settings.word_delimiter, settings.units)
    return OnnxOptions(said, settings.sampling_rate, settings.normalize_audio)
