"""The memory of a session: everything that it has built, and a record of what it has used."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wergate.corpora.corpus import Corpus
from wergate.models.base import ReferenceModel
from wergate.progress import Progress
from wergate.recognizers.compilations import Compilation, Counts
from wergate.store import Artifact, Store

Made = TypeVar("Made")


@dataclass(frozen=True)
class ArtifactUse:
    """Use of an artifact, with its model and its corpus, if it has one."""

    model: str
    corpus: str | None
    artifact: Artifact


@dataclass(frozen=True)
class ModelUse:
    """Use of a reference model, with its name in the configuration, its spec and its quantizer."""

    model: str
    spec: str
    quantizer: str
    reference: ReferenceModel


@dataclass(frozen=True)
class CorpusUse:
    """Use of a corpus, with the model that is evaluated or calibrated on it, and remarks on this use."""

    model: str
    corpus: Corpus
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejection:
    """A compilation of a variant that gave wrong logits on a stream and was not used, and the counts over all runs."""

    model: str
    variant: str
    compilation: Compilation
    counts: Counts


@dataclass
class Uses:
    """Everything that a session has used since the last report."""

    models: list[ModelUse] = field(default_factory=list)
    corpora: list[CorpusUse] = field(default_factory=list)
    calibrations: list[CorpusUse] = field(default_factory=list)
    artifacts: list[ArtifactUse] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


class Memo:
    """Builds each value once, and records what is used."""

    def __init__(self) -> None:
        """Start empty."""
        self.uses = Uses()
        self._made: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return the value of a key, and build it at the first call."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    def known(self, kind: str) -> list[Any]:
        """Return the values built so far whose key is a tuple that starts with `kind`."""
        return [self._made[key] for key in self._keys(kind)]

    def forget(self, kind: str) -> None:
        """Drop the values whose key is a tuple that starts with `kind`."""
        for key in self._keys(kind):
            del self._made[key]

    def _keys(self, kind: str) -> list[Hashable]:
        return [key for key in self._made if isinstance(key, tuple) and key[0] == kind]

    def used(self, model: str, corpus: str | None, artifact: Artifact) -> Artifact:
        """Record the use of an artifact, and return it."""
        self.uses.artifacts.append(ArtifactUse(model, corpus, artifact))
        return artifact

    def take_uses(self) -> Uses:
        """Return everything used since the last call."""
        taken, self.uses = self.uses, Uses()
        return taken


@dataclass(frozen=True)
class Resources:
    """Resources that all parts of a session share."""

    store: Store
    progress: Progress
    memo: Memo
