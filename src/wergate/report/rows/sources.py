"""Rows of the results about the files that decide a run besides its models and corpora: settings and code."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from wergate.evaluation.rows import ResultRow
from wergate.store import content_key, file_digest

_GATES = ("accuracy", "benchmarks", "fixtures")
_PACKAGE = Path(__file__).parents[2]


class SourceRow(ResultRow):
    """A suite file, or the Python files of the library or of the gates: the path at the time of the run, and a digest.

    `sha256` is that of the suite file, or that of the names and digests of all Python files.
    """

    kind: Literal["settings", "library", "gates"]
    path: str
    sha256: str


def source_rows(suite_files: Iterable[Path], gates: Path) -> list[SourceRow]:
    """Return the rows of a run.

    Args:
        suite_files: the suite file, and the one that it inherits from.
        gates: folder with the gates and their fixtures.
    """
    settings = [settings_row(path) for path in dict.fromkeys(path.resolve() for path in suite_files)]
    return [*settings, library_row(), gates_row(gates)]


def settings_row(path: Path) -> SourceRow:
    """Return the row of a suite file."""
    return SourceRow(kind="settings", path=str(path), sha256=file_digest(path))


def library_row() -> SourceRow:
    """Return the row of this installation of wergate."""
    return SourceRow(kind="library", path=str(_PACKAGE), sha256=_digest_of_code(_PACKAGE, [_PACKAGE]))


def gates_row(folder: Path) -> SourceRow:
    """Return the row of the gates in a folder of a suite."""
    digest = _digest_of_code(folder, [folder / name for name in _GATES])
    return SourceRow(kind="gates", path=str(folder), sha256=digest)


def _digest_of_code(root: Path, folders: Iterable[Path]) -> str:
    """Return the SHA-256 of the names and digests of all Python files, except for those of an installed suite."""
    paths = sorted(path for folder in folders for path in folder.rglob("*.py") if "suite" not in _inside(path, root))
    return content_key({str(path.relative_to(root)): file_digest(path) for path in paths})


def _inside(path: Path, root: Path) -> tuple[str, ...]:
    return path.relative_to(root).parts[:1]
