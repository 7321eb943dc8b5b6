"""The builds behind the benchmark baseline: a file next to the baseline names their keys in the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from wergate.disk.files import replace_file, writing
from wergate.errors import SuiteError

BUILDS_FILE = "builds.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Build:
    """Name of an artifact in the store: its kind and key."""

    kind: str
    key: str


class _File(BaseModel):
    schema_version: int
    builds: dict[str, dict[str, str]]


def read_builds(path: Path) -> dict[tuple[str, str], Build]:
    """Return the builds of the baseline by (model, variant); an empty mapping if the file does not exist.

    Raises:
        SuiteError: the file has other content or another schema version.
    """
    if not path.exists():
        return {}
    remedy = "restore it from the repository, or write a new one with --update-baselines"
    try:
        found = _File.model_validate_json(path.read_text(encoding="utf-8"))
        pairs = ((m, v, name.partition("/")) for m, names in found.builds.items() for v, name in names.items())
        builds = {(model, variant): Build(kind, key) for model, variant, (kind, _, key) in pairs}
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise SuiteError(
            f"'{path.name}' names no builds; JSON with the IRs of each model is expected; {remedy}"
        ) from error
    if found.schema_version != SCHEMA_VERSION:
        raise SuiteError(
            f"'{path.name}' has schema version {found.schema_version}, but only {SCHEMA_VERSION} is accepted; {remedy}"
        )
    return builds


def write_builds(path: Path, builds: Mapping[tuple[str, str], Build]) -> None:
    """Write the builds by (model, variant), sorted, and replace the previous file.

    Raises:
        SuiteError: the file cannot be written.
    """
    names: dict[str, dict[str, str]] = {}
    for (model, variant), build in sorted(builds.items()):
        names.setdefault(model, {})[variant] = f"{build.kind}/{build.key}"
    content = {"schema_version": SCHEMA_VERSION, "builds": names}
    with writing(path, what="benchmark-storage"):
        replace_file(path, json.dumps(content, indent=1) + "\n", what="benchmark-storage")
