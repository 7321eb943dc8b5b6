"""The matrix of a run: each variant of each model on each of its corpora."""

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
    """One variant of one model on one corpus; `variant` is "fp16", "int8" or the name of a candidate."""

    model: str
    corpus: CorpusSpec
    variant: str


def cells(config: SuiteConfig, embedded: Path) -> tuple[Cell, ...]:
    """Return all configured combinations, ordered by model, then corpus, then variant.

    Raises:
        SuiteError: a corpus is neither known nor found.
    """
    return tuple(
        Cell(model, spec, variant)
        for model in config.models
        for name in config.settings_of(model).corpora
        for spec in corpus_specs(config, name, embedded)
        for variant in variants(config, model)
    )


def corpus_specs(config: SuiteConfig, name: str, embedded: Path) -> Sequence[CorpusSpec]:
    """Return the corpora that a name in suite.toml or a spec stands for, with their settings.

    The name `embedded` stands for two corpora.

    Raises:
        SuiteError: a corpus is neither known nor found.
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
    """Return the calibration corpus of a model, limited to the subset size.

    None stands for a separate part of the model's first evaluation corpus. The embedded corpora have their own
    calibration split.
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
    """Return whether a corpus is one of the embedded corpora."""
    return spec.path is not None and embedded in spec.path.parents


def variants(config: SuiteConfig, model: str) -> tuple[str, ...]:
    """Return the names of a model's variants: the IRs that the suite builds, then the candidates.

    Raises:
        SuiteError: a candidate does not exist, or two have the same name.
    """
    return (*config.precisions, *candidates(config, model))


def candidates(config: SuiteConfig, model: str) -> Mapping[str, Path]:
    """Return the `.xml` files of a model's candidates, by name.

    Raises:
        SuiteError: a candidate does not exist, or two have the same name.
    """
    found: dict[str, Path] = {}
    for given in config.settings_of(model).candidates:
        name, path = find_candidate(given)
        if name in found or name in OWN_VARIANTS:
            raise SuiteError(
                f"candidate '{given}' has the name '{name}' of another variant; names must be unique; rename its folder"
            )
        found[name] = path
    return found
