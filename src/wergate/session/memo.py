"""What a session made use of: models, corpora and artifacts, for the report to tell."""

from __future__ import annotations

from dataclasses import dataclass, field

from wergate.corpora.corpus import Corpus
from wergate.models.base import ReferenceModel
from wergate.store import Artifact


@dataclass(frozen=True)
class ArtifactUse:
    """An artifact with the model, and the corpus where there is one, that it belongs to."""

    model: str
    corpus: str | None
    artifact: Artifact


@dataclass(frozen=True)
class ModelUse:
    """A reference model that was asked for, by its name in the configuration and its spec, and what quantizes it."""

    model: str
    spec: str
    quantizer: str
    reference: ReferenceModel


@dataclass(frozen=True)
class CorpusUse:
    """A corpus with the model that is evaluated, or calibrated, on it."""

    model: str
    corpus: Corpus


@dataclass
class Uses:
    """What a session made use of since it was last told."""

    models: list[ModelUse] = field(default_factory=list)
    corpora: list[CorpusUse] = field(default_factory=list)
    calibrations: list[CorpusUse] = field(default_factory=list)
    artifacts: list[ArtifactUse] = field(default_factory=list)
