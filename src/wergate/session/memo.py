"""What a session remembers: each thing that was made, once, and what was made use of."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wergate.corpora.corpus import Corpus
from wergate.models.base import ReferenceModel
from wergate.progress import Progress
from wergate.store import Artifact, Store

Made = TypeVar("Made")


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
    """What a session made use of since it was last reported."""

    models: list[ModelUse] = field(default_factory=list)
    corpora: list[CorpusUse] = field(default_factory=list)
    calibrations: list[CorpusUse] = field(default_factory=list)
    artifacts: list[ArtifactUse] = field(default_factory=list)


class Memo:
    """Makes each thing once, and takes note of what was made use of."""

    def __init__(self) -> None:
        """Start empty."""
        self.uses = Uses()
        self._made: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what was made under a key, making it at the first call."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    def used(self, model: str, corpus: str | None, artifact: Artifact) -> Artifact:
        """Note that an artifact was made use of, and return it."""
        self.uses.artifacts.append(ArtifactUse(model, corpus, artifact))
        return artifact

    def take_uses(self) -> Uses:
        """Return what was made use of since the last call."""
        taken, self.uses = self.uses, Uses()
        return taken


@dataclass(frozen=True)
class Resources:
    """What all parts of a session share."""

    store: Store
    progress: Progress
    memo: Memo
