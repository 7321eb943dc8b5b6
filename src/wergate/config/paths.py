"""Paths in a suite file, which start at the folder of the file, wherever the run starts."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from wergate.errors import SuiteError

_FILES = ("cache_dir", "legacy_python", "baselines", "labels")
_SUFFIXES = (".parquet", ".arrow", ".jsonl", ".json", ".ndjson", ".csv", ".tsv", ".onnx", ".xml")
_BUILT_IN = ("embedded", "random:")


def expanded(value: Any) -> Any:
    """Return a value of the command line with `~` expanded, also in a list."""
    if isinstance(value, list):
        return [expanded(item) for item in value]
    return os.path.expanduser(value) if isinstance(value, str) else value  # noqa: PTH111 - keeps `./` and hub ids


def located(data: Mapping[str, Any], file: Path, known: Collection[str]) -> dict[str, Any]:
    """Return the content of a suite file with its paths from the root.

    A spec may also be an id of the hub or a built-in name. So it is a path if something exists there, seen from the
    folder of the file, or if it cannot be anything else.

    Args:
        data: content of the file.
        file: path of the file.
        known: names of tables of models and corpora, here or in the file that is inherited from.

    Raises:
        SuiteError: a spec exists in the working folder, but not in the folder of the file.
    """
    place = _Place(file.absolute())
    top = place.section(data, known)
    models = data.get("models")
    plain = [name for name in models if isinstance(name, str) and name not in known] if isinstance(models, list) else []
    # A model keeps its name, which tables, test ids and baselines show; a corpus has the name of its file.
    moved = {name: {"spec": spec} for name in plain if (spec := place.spec(name)) != name}
    for kind in ("model", "corpus"):
        tables = data.get(kind)
        if isinstance(tables, dict):
            top[kind] = {name: place.table(name, table, known) for name, table in tables.items()}
    if moved and isinstance(top.get("model", {}), dict):
        top["model"] = moved | top.get("model", {})
    return top


class _Place:
    """The folder of a suite file, at which its relative paths start."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def section(self, section: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
        """Return the keys of the top or of a table, with paths from the root."""
        found = dict(section)
        for key in _FILES:
            if isinstance(found.get(key), str):
                found[key] = self._path(found[key])
        if isinstance(found.get("candidates"), list):
            found["candidates"] = [self._path(item) if isinstance(item, str) else item for item in found["candidates"]]
        if isinstance(found.get("corpora"), list):
            found["corpora"] = [self._named(item, known) for item in found["corpora"]]
        if "calibration" in found:
            found["calibration"] = self._named(found["calibration"], known)
        return found

    def table(self, name: str, table: Any, known: Collection[str]) -> Any:
        """Return the table of a model or a corpus; without a spec, its name is one."""
        if not isinstance(table, dict):
            return table
        found, spec = self.section(table, known), table.get("spec", name)
        path = self.spec(spec) if isinstance(spec, str) else spec
        return found if path == name else found | {"spec": path}

    def spec(self, spec: str) -> str:
        """Return a spec, as a path from the root if it is one."""
        if spec.startswith(_BUILT_IN):
            return spec
        path = self._path(spec)
        if os.path.exists(path) or _is_path(spec):  # noqa: PTH110 - Path.exists raises for a name that is too long
            return path
        if os.path.exists(spec):  # noqa: PTH110
            raise SuiteError(
                f"suite file '{self._file}' names '{spec}', which is in the working folder but not in the folder of "
                f"the file; paths in a suite file start at its folder; write '{Path(spec).absolute()}'"
            )
        return spec

    def _named(self, spec: Any, known: Collection[str]) -> Any:
        return spec if not isinstance(spec, str) or spec in known else self.spec(spec)

    def _path(self, path: str) -> str:
        return str(self._file.parent / expanded(path))


def _is_path(spec: str) -> bool:
    """Return whether a spec cannot be an id of the hub."""
    return spec.startswith((".", "/", "~")) or spec.lower().endswith(_SUFFIXES)
