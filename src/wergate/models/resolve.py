"""Resolution of a model's settings to a reference model."""

from __future__ import annotations

from pathlib import Path

from wergate.config.models import ModelSettings
from wergate.config.suite import SuiteConfig
from wergate.errors import SuiteError
from wergate.models.base import ReferenceModel
from wergate.models.checkpoint import require_spec, resolve_checkpoint
from wergate.models.labels import LabelOptions
from wergate.models.onnx import OnnxModel
from wergate.models.onnx_file import OnnxOptions, open_onnx, require_onnx
from wergate.models.transformers import TransformersModel

_OF_ONNX = ("labels", "blank", "word_delimiter", "units", "sampling_rate", "normalize_audio")
_OF_CHECKPOINTS = ("language",)


def resolve_model(settings: ModelSettings, config: SuiteConfig, embedded: Path) -> ReferenceModel:
    """Find the reference model that a spec names, without loading it.

    Args:
        settings: settings of the model, with its spec.
        config: configuration of the suite.
        embedded: the folder of the embedded checkpoint and corpus.

    Raises:
        SuiteError: the spec is unknown, weights are missing or pickled, there is no CTC head, the hub cannot be
            reached, or an ONNX file lacks its labels or external data.
    """
    _require_applicable(settings)
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


def require_model(settings: ModelSettings, config: SuiteConfig) -> None:
    """Check a model's spec and options as far as that takes neither the hub nor a look at the weights.

    Raises:
        SuiteError: the spec is unknown, a file is missing, or an option does not apply to this kind of model.
    """
    _require_applicable(settings)
    if settings.spec.endswith(".onnx"):
        require_onnx(Path(settings.spec), _onnx_options(settings))
    else:
        names = config.model.keys() - {settings.name}
        require_spec(settings.spec, language=settings.language, allow_pickle=config.allow_pickle, names=names)


def _require_applicable(settings: ModelSettings) -> None:
    """Check that all options apply to this kind of model; an option without effect would mislead.

    Raises:
        SuiteError: an option is set that this kind of model ignores.
    """
    onnx = settings.spec.endswith(".onnx")
    applicable, ignored = (_OF_ONNX, _OF_CHECKPOINTS) if onnx else (_OF_CHECKPOINTS, _OF_ONNX)
    option = next((key for key in ignored if getattr(settings, key) is not None), None)
    if option is not None:
        kind, other = ("an .onnx file", "a checkpoint") if onnx else ("a checkpoint", "an .onnx file")
        raise SuiteError(
            f"model '{settings.name}' is {kind}, but {option} = {getattr(settings, option)!r} is for {other}; "
            f"{kind} accepts {', '.join(applicable)}; remove {option}"
        )


def _onnx_options(settings: ModelSettings) -> OnnxOptions:
    labels = Path(settings.labels) if settings.labels is not None else None
    label_options = LabelOptions(labels, settings.blank, settings.word_delimiter, settings.units)
    return OnnxOptions(label_options, settings.sampling_rate, settings.normalize_audio)
