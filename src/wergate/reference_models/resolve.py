"""From a model's settings to the model that it names."""

from __future__ import annotations

from pathlib import Path

from wergate.checkpoint import resolve_checkpoint
from wergate.config import SuiteConfig
from wergate.reference_models import ReferenceModel
from wergate.reference_models.transformers_model import TransformersModel
from wergate.settings import ModelSettings


def resolve_model(settings: ModelSettings, config: SuiteConfig, embedded: Path) -> ReferenceModel:
    """Find the reference model that a spec names, without loading it.

    Args:
        embedded: the folder of the embedded checkpoint and corpus.

    Raises:
        SuiteError: unknown spec, missing or pickled weights, no CTC head, a hub that cannot be reached.
    """
    found = resolve_checkpoint(settings.spec, embedded, language=settings.language, allow_pickle=config.allow_pickle)
    return TransformersModel(found)
