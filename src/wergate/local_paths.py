"""Results that are made to be published name models and corpora, not where they lay on a machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from wergate.results import Results

Run = TypeVar("Run", bound=Results)


def without_local_paths(run: Run) -> Run:
    """Return results in which every local path of the options is only its last name, wherever it stands."""
    data = run.model_dump(mode="json")
    paths = sorted(set(_local_paths(data["options"])), key=len, reverse=True)  # a folder after what lies in it
    return type(run).model_validate(_replaced(data, {path: Path(path).name for path in paths}))


def is_local_path(text: str) -> bool:
    """Tell whether a text is a path of this machine; a plain name, or an id of the hub, is none."""
    if len(text) < 2 or os.sep not in text:  # noqa: PLR2004 - a lone separator is no path worth hiding
        return False
    return text.startswith((".", "~", os.sep)) or Path(text).exists()


def _local_paths(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for part in value:
            yield from _local_paths(part)
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
