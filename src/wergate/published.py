"""The part of a run's results that is about one model and variant, fit to leave the machine.

Results that are published name models and corpora, not where they lay, and not what else was gated beside them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from wergate.results import Results
from wergate.verdict import Status

Run = TypeVar("Run", bound=Results)
_NOT_OF_ONE_MODEL = {"benchmarks", "cache_dir"}


def published_name(model: str) -> str:
    """Return what a model is called outside this machine: its name, or the last name of its path."""
    return Path(model).name if is_local_path(model) else model


def published(run: Results, *, model: str, variant: str, tests: Collection[str], passed: bool) -> Results:
    """Return what is about one variant of one model, without paths of this machine.

    Args:
        tests: pytest ids of the tests that were about the variant, or about the model as a whole.
    """
    evaluations = [row for row in run.evaluations if (row.model, row.variant) == (model, variant)]
    other_ir = {f"{row.variant}-ir" for row in run.evaluations if row.variant != variant}
    restricted = run.model_copy(
        update={
            "verdict": Status.PASS if passed else Status.FAIL,
            "options": _options(run.options, model, {row.corpus for row in evaluations}),
            "artifacts": [row for row in run.artifacts if row.model == model and row.kind not in other_ir],
            "models": [row for row in run.models if row.model == model],
            "corpora": [row for row in run.corpora if row.model == model],
            "calibrations": [row for row in run.calibrations if row.model == model],
            "evaluations": evaluations,
            "verdicts": [row for row in run.verdicts if row.test in tests],
            "benchmarks": [row for row in run.benchmarks if row.test in tests],
            "ratios": [row for row in run.ratios if row.model == model and variant in {row.fast, row.slow}],
        }
    )
    return without_local_paths(restricted, also=local_paths(dict(run.options)))


def _options(options: Mapping[str, Any], model: str, corpora: set[str]) -> dict[str, Any]:
    kept = {key: value for key, value in options.items() if key not in _NOT_OF_ONE_MODEL}
    own = kept.get("model", {}).get(model)
    named = {name: table for name, table in kept.get("corpus", {}).items() if name in corpora}
    return kept | {"models": [model], "corpora": sorted(corpora), "model": {model: own} if own else {}, "corpus": named}


def without_local_paths(run: Run, *, also: Iterable[str] = ()) -> Run:
    """Return results in which every local path of their options, or of `also`, is only its last name."""
    data = run.model_dump(mode="json")
    paths = sorted({*local_paths(data["options"]), *also}, key=len, reverse=True)  # a folder after what lies in it
    return type(run).model_validate(_replaced(data, {path: Path(path).name for path in paths}))


def is_local_path(text: str) -> bool:
    """Tell whether a text is a path of this machine; a plain name, or an id of the hub, is none."""
    if len(text) < 2 or os.sep not in text:  # noqa: PLR2004 - a lone separator is no path worth hiding
        return False
    return text.startswith((".", "~", os.sep)) or Path(text).exists()


def local_paths(value: Any) -> Iterator[str]:
    """Yield every local path in nested dicts and lists."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for part in value:
            yield from local_paths(part)
    elif isinstance(value, str) and is_local_path(value):
        yield value


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {_replaced(key, names): _replaced(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, names) for part in value]
    if isinstance(value, str):
        for path, name in names.items():
            value = value.replace(path, name)
    return value
