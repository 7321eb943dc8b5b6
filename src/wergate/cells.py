"""What a run goes through: each model on each of its corpora, each variant of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wergate.config import SuiteConfig
from wergate.corpus import CorpusSpec, parse_corpus_specs


@dataclass(frozen=True)
class Cell:
    """One model on one corpus, in one variant: "fp16", "int8" or a candidate's name."""

    model: str
    corpus: CorpusSpec
    variant: str


def subject_of(variant: str) -> str:
    """Return how messages call a variant: precisions in capitals, a candidate by its own name."""
    return variant.upper() if variant in {"fp16", "int8"} else variant


def cells(config: SuiteConfig, embedded: Path) -> tuple[Cell, ...]:
    """Return every combination that the configuration asks for, models first.

    Raises:
        SuiteError: a corpus that is neither known nor there.
    """
    return tuple(
        Cell(model, spec, variant)
        for model in config.models
        for name in config.settings_of(model).corpora
        for spec in corpus_specs(config, name, embedded)
        for variant in variants(config, model)
    )


def corpus_specs(config: SuiteConfig, name: str, embedded: Path) -> Sequence[CorpusSpec]:
    """Return the corpora behind a name of suite.toml or a spec; plain `embedded` names two."""
    settings = config.corpus_of(name)
    specs = parse_corpus_specs(settings.spec, embedded)
    return [replace(spec, name=name) for spec in specs] if len(specs) == 1 and settings.spec != name else specs


def variants(config: SuiteConfig, model: str) -> tuple[str, ...]:
    """Return what is gated of a model."""
    del model
    return tuple(config.precisions)
