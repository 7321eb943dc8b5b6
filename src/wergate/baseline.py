"""Stored baselines: what a review agreed on, kept as sorted JSON beside the gates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from wergate.errors import SuiteError

GRAPH_BASELINE = "graph.json"
Counts = Mapping[str, int]


def read_baseline(path: Path, key: str) -> Counts | None:
    """Return the counts stored under a key, or None where there are none yet.

    Raises:
        SuiteError: the file is not what `write_baseline` writes.
    """
    return _read(path).get(key)


def write_baseline(path: Path, key: str, counts: Counts) -> None:
    """Store counts under a key, the file sorted so that a review sees a small difference."""
    stored = {**_read(path), key: dict(counts)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Counts]:
    if not path.exists():
        return {}
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): {str(name): int(count) for name, count in counts.items()} for key, counts in stored.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise SuiteError(
            f"baseline '{path}' cannot be read ({error}); counts by name are expected; "
            "restore it from the repository or write it anew with --update-baselines"
        ) from error
