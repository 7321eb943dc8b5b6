"""What a run goes through: each model on each of its corpora, each variant of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wergate.config.suite import SuiteConfig
from wergate.config.variants import OWN_VARIANTS
from wergate.corpora.sources.opening import parse_corpus_specs
from wergate.corpora.spec import Columns, CorpusSpec
from wergate.errors import SuiteError
from wergate.models.candidates import find_candidate


@dataclass(frozen=True)
class Cell:
    """One model on one corpus, in one variant: "fp16", "int8" or a candidate's name."""

    model: str
    corpus: CorpusSpec
    variant: str


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
    """Return the corpora behind a name of suite.toml or a spec, with their settings; plain `embedded` names two.

    Raises:
        SuiteError: a corpus that is neither known nor there.
    """
    settings = config.corpus_of(name)
    found = parse_corpus_specs(settings.spec, embedded, config.corpus.keys() - {name})
    named = [replace(spec, name=name) for spec in found] if len(found) == 1 and settings.spec != name else found
    return [
        replace(
            spec,
            columns=Columns.of({str(role): column for role, column in settings.columns.items()}),
            limit=settings.limit,
            skip_bad=settings.skip_bad,
            max_duration_s=settings.max_duration_s,
        )
        for spec in named
    ]


def calibration_spec(config: SuiteConfig, model: str, embedded: Path) -> CorpusSpec | None:
    """Return what a model is calibrated on, drawn to its subset size; None: a disjoint part of its first corpus.

    The embedded evaluation splits have a calibration split of their own.
    """
    settings = config.settings_of(model)
    name = settings.calibration
    if name is None and is_embedded(corpus_specs(config, settings.corpora[0], embedded)[0], embedded):
        name = "embedded:calibration"
    if name is None:
        return None
    spec = corpus_specs(config, name, embedded)[0]
    return replace(spec, limit=settings.quantization.subset_size)


def is_embedded(spec: CorpusSpec, embedded: Path) -> bool:
    """Tell whether a corpus is one that the suite ships."""
    return spec.path is not None and embedded in spec.path.parents


def variants(config: SuiteConfig, model: str) -> tuple[str, ...]:
    """Return what is gated of a model: the IRs that are built here, then the candidates.

    Raises:
        SuiteError: a candidate that is not there, or two of one name.
    """
    return (*config.precisions, *candidates(config, model))


def candidates(config: SuiteConfig, model: str) -> Mapping[str, Path]:
    """Return the candidates of a model: the `.xml` of each by its name.

    Raises:
        SuiteError: a candidate that is not there, or two of one name.
    """
    found: dict[str, Path] = {}
    for given in config.settings_of(model).candidates:
        name, path = find_candidate(given)
        if name in found or name in OWN_VARIANTS:
            raise SuiteError(
                f"candidate '{given}' is called '{name}', as another one is; names must differ; rename its folder"
            )
        found[name] = path
    return found
