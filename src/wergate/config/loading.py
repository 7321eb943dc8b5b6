"""Reading of a suite file, merged with the command line, and the one-line error for its first mistake."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pydantic
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from wergate.config.base import Section
from wergate.config.bounds import bounds_at
from wergate.config.models import CorpusSettings, ModelSettings, PerCorpus, PerModel
from wergate.config.paths import expanded, located
from wergate.config.suite import SuiteConfig
from wergate.errors import SuiteError, did_you_mean, nearest

_TABLES: Mapping[str, type[Section]] = {"model": ModelSettings, "corpus": CorpusSettings}
_SHARED: Mapping[str, type[Section]] = {"model": PerModel, "corpus": PerCorpus}
_PATHS = frozenset(
    {"models", "corpora", "calibration", "candidates", "labels", "spec", "cache_dir", "legacy_python", "baselines"}
)
_OUT_OF_BOUNDS = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
_PERCENT = 100
_CHARACTERS_MAX = 1 << 18
_DOTS_MAX = 1000
_MISSPELLED = 0.8  # similarity above which two names are probably one
_LISTS = {"model": "models", "corpus": "corpora"}


def load_config(path: Path, overrides: Mapping[str, Any], *, base: Path | None = None) -> SuiteConfig:
    """Read a suite file and apply the values of the command line.

    Args:
        path: the TOML file.
        overrides: values by key, which also replace the values of single models and corpora; None means not given.
        base: TOML file from which missing keys are inherited, table by table (see `_based`).

    Raises:
        SuiteError: the file cannot be read or is not TOML, a key is unknown or missing, or a value is not accepted.
    """
    inherited = {} if base is None else _read(base)
    own = inherited if base is not None and path.absolute() == base.absolute() else _read(path, inherited)
    data = _based(own, inherited)
    given = {key: value for key, value in overrides.items() if value is not None}
    given |= {key: expanded(given[key]) for key in _PATHS & given.keys()}
    for kind in _TABLES:
        data[kind] = _resolved(kind, data, given)
    data |= {key: value for key, value in given.items() if key in SuiteConfig.model_fields}
    try:
        config = SuiteConfig.model_validate(data)
    except pydantic.ValidationError as error:
        from_the_command_line = set(given) & {str(part) for part in error.errors()[0]["loc"]}
        source = "command line" if from_the_command_line else path.name
        raise SuiteError(f"{source}: {_explain(error)}") from error
    asked = "command line: --precisions none" if "precisions" in given else f"{path.name}: precisions = []"
    _require_something_to_gate(config, asked)
    if base is not None:
        _require_known_names(path, config, own, inherited)
    return config


def _require_known_names(path: Path, config: SuiteConfig, own: Mapping[str, Any], base: Mapping[str, Any]) -> None:
    """Refuse a table that changes a model or corpus which this run lacks, if its name is like one that the run has.

    A path, or a table with a `spec`, may belong to another run with the same file.

    Raises:
        SuiteError: a name is probably misspelled.
    """
    for kind, used in (("model", config.models), ("corpus", config.corpora)):
        known = {*used, *base.get(kind, {}), *_names(own.get(_LISTS[kind]))}
        for name, table in own.get(kind, {}).items():
            plain = "spec" not in table and not set(name) & set("/\\.")
            near = nearest(name, used, 1, similarity=_MISSPELLED) if plain else []
            if near and name not in known:
                raise SuiteError(
                    f"{path.name}: [{kind}.{name}] changes no {kind} of this run (did you mean '{near[0]}'?); "
                    "correct the name, or state its spec"
                )


def _read(path: Path, base: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the content of a file, with its paths from the root; the base has further names of tables."""
    data = _parsed(path)
    tables = [file.get(kind) for file in (data, base or {}) for kind in _TABLES]
    known = {name for table in tables if isinstance(table, dict) for name in table}
    return located(data, path, known)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors of Windows write a byte order mark
        _require_small(path, text)
        return tomllib.loads(text)
    except OSError as error:
        raise SuiteError(f"suite file '{path}' cannot be read: {error.strerror}; name one with --suite FILE") from error
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits, and lists nested too deep
        raise SuiteError(f"suite file '{path}' is not valid TOML: {error}; correct that line") from error


def _require_small(path: Path, text: str) -> None:
    """Refuse what would take minutes or gigabytes: each part of a dotted key costs as much as all before it."""
    dots = max((line.count(".") for line in text.splitlines()), default=0)
    if len(text) > _CHARACTERS_MAX or dots > _DOTS_MAX:
        raise SuiteError(
            f"suite file '{path}' has {len(text)} characters, and up to {dots} dots in a line; at most "
            f"{_CHARACTERS_MAX}, and {_DOTS_MAX} dots, are accepted; shorten it, or name another with --suite FILE"
        )


def _based(own: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file's keys, with missing keys inherited from the base, key by key.

    A table `[model.NAME]` or `[corpus.NAME]` with a `spec` is another model or corpus: it replaces that of the base.
    """
    others = {
        kind: {name: table for name, table in own[kind].items() if isinstance(table, dict) and "spec" in table}
        for kind in _TABLES
        if isinstance(own.get(kind), dict)
    }
    laid = _laid(base, own)
    return laid | {kind: {**laid[kind], **tables} for kind, tables in others.items()}


def _resolved(kind: str, data: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """Return the tables of all models or corpora, completed.

    The values at the top of the file apply first, then those of the table itself, then those of the command line.
    """
    tables = data.get(kind, {})
    if not isinstance(tables, dict):
        return tables  # the validation refuses it later, as it does an entry below that is not a table
    section = _TABLES[kind]
    shared = {key: data[key] for key in _SHARED[kind].model_fields if key in data}
    fields = set(section.model_fields)
    own = {key: value for key, value in given.items() if key in fields}
    plain = _names(given.get(_LISTS[kind], data.get(_LISTS[kind])))
    named: dict[str, Any] = {name: {} for name in plain} | tables
    return {
        name: _laid(_laid(shared, {"name": name, "spec": name} | table), own) if isinstance(table, dict) else table
        for name, table in named.items()
    }


def _names(value: Any) -> Iterable[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _laid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two tables recursively; the values of `above` win, and lists are replaced as a whole."""
    laid = {**below, **above}
    for key in set(below) & set(above):
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            laid[key] = _laid(below[key], above[key])
    return laid


def _require_something_to_gate(config: SuiteConfig, asked: str) -> None:
    """Raise an error if a model has neither a precision, as the text says that was asked, nor a candidate."""
    for model in config.models:
        if not config.precisions and not config.settings_of(model).candidates:
            raise SuiteError(
                f"{asked} leaves nothing to gate for model '{model}'; "
                "without a --candidate, fp16 or int8 is needed; correct --precisions"
            )


def _explain(error: pydantic.ValidationError) -> str:
    """Describe the first mistake in one line: the key, its value, and the accepted values."""
    first = error.errors()[0]
    location = [str(part) for part in first["loc"]]
    key = ".".join(location)
    if first["type"] == "extra_forbidden":
        known = _keys_at(location[:-1])
        hint = did_you_mean(location[-1], known)
        return f"unknown key '{key}'{hint}; accepted here: {', '.join(sorted(known))}; correct or remove it"
    if location[-1] == "[key]":
        known = _listed(first["ctx"]["expected"])
        hint = did_you_mean(location[-2], known)
        return f"unknown key '{'.'.join(location[:-1])}'{hint}; accepted here: {', '.join(known)}; correct or remove it"
    if first["type"] == "missing":
        return f"key '{key}' is missing; add it"
    return _explain_value(first, key)


def _explain_value(first: ErrorDetails, key: str) -> str:
    """Describe a value that its key does not accept."""
    if first["type"] == "float_type":
        return f"{key} = {first['input']!r} is not a number; give one without quotes, such as 0.01"
    if first["type"] in _OUT_OF_BOUNDS:
        return f"{key} = {first['input']!r} is not accepted: {_accepted(first['loc'], first['input'])}; correct it"
    if first["type"] == "literal_error" and isinstance(first["input"], str):
        hint = did_you_mean(first["input"], _listed(first["ctx"]["expected"]))
        return f"{key} = {first['input']!r} is not accepted{hint}: {first['msg']}; correct it"
    return f"{key} = {first['input']!r} is not accepted: {first['msg']}; correct it"


def _accepted(location: tuple[int | str, ...], value: float) -> str:
    """Return the numbers that the key at a location accepts; a fraction of more than 1 may be meant in percent."""
    bounds = bounds_at(*_section_at(location))
    percent = f"; {value:g} % is {value / 100:g}" if bounds.is_fraction and 1 < value <= _PERCENT else ""
    return f"a number {bounds.words} is needed{percent}"


def _section_at(location: tuple[int | str, ...]) -> tuple[type[BaseModel], tuple[int | str, ...]]:
    """Return the section that a location starts in, and the rest of the location."""
    if location[0] in _TABLES:
        return _TABLES[str(location[0])], location[2:]
    return SuiteConfig, location


def _listed(expected: str) -> list[str]:
    """Return the words of a list that pydantic prints as "'a', 'b' or 'c'"."""
    return [part.strip(" '") for part in expected.replace(" or ", ",").split(",")]


def _keys_at(location: list[str]) -> list[str]:
    """Return the keys of the section at a location in the file."""
    section: type[BaseModel] = SuiteConfig
    rest = list(location)
    if rest and rest[0] in _TABLES:
        section, rest = _TABLES[rest[0]], rest[2:]
    for name in rest:
        annotation = section.model_fields[name].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        section = annotation
    return list(section.model_fields)
