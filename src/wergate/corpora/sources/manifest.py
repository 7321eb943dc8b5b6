"""Tables of audio paths: JSON Lines, as NeMo's manifests and the hub's `metadata.jsonl`, and CSV or TSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wergate.corpora.sources.base import Column, Row
from wergate.errors import SuiteError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_RELATIVE = ("file_name", "audio_file_name")  # the hub's own columns, relative to the metadata that they stand in


class ManifestSource:
    """One or more files of rows, one after the other, whose audio paths start from a folder."""

    def __init__(self, paths: Sequence[Path], folder: Path) -> None:
        """Go through the files once: every line must be readable, and the columns are those of any line.

        Raises:
            SuiteError: a line that is no row, naming file and line.
        """
        self.folder = folder
        self._paths = tuple(paths)
        names = dict.fromkeys(name for path in self._paths for cells in _cells(path) for name in cells)
        self.columns = tuple(Column(name) for name in names)

    def rows(self, numbers: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield rows; reading a line costs little beside its audio, which is not touched."""
        wanted = None if numbers is None else set(numbers)
        every = ((path, cells) for path in self._paths for cells in _cells(path))
        for number, (path, cells) in enumerate(every):
            if wanted is None or number in wanted:
                yield Row(number, self._from_folder(path.parent, cells))

    def _from_folder(self, parent: Path, cells: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the cells with paths that start from our folder, where the file is in a sub folder."""
        if parent == self.folder:
            return cells
        named = {name: cells[name] for name in _RELATIVE if isinstance(cells.get(name), str) and cells[name]}
        return {**cells, **{name: str(parent.relative_to(self.folder) / path) for name, path in named.items()}}


def _cells(path: Path) -> Iterator[Mapping[str, Any]]:
    delimiter = _DELIMITERS.get(path.suffix.lower())
    try:
        yield from _delimited(path, delimiter) if delimiter else _json_lines(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SuiteError(f"manifest '{path}' cannot be read: {error}; a text file in UTF-8 is accepted") from error


def _json_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _json_object(path, number, line)


def _json_object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        cells = json.loads(line)
        reason = f"is {type(cells).__name__}"
    except ValueError as error:
        cells, reason = None, f"is no JSON ({error})"
    if not isinstance(cells, dict):
        raise SuiteError(
            f"manifest '{path}' line {number} {reason}: {line.strip()[:40]}; one JSON object a line is accepted, "
            'such as {"audio_filepath": "a.wav", "duration": 1.5, "text": "..."}; correct the line'
        )
    return cells


def _delimited(path: Path, delimiter: str) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        names = next(reader, [])
        if len(set(names)) != len(names):
            raise SuiteError(f"manifest '{path}' has a column twice: {', '.join(names)}; rename one")
        for fields in reader:
            if fields and len(fields) != len(names):
                raise SuiteError(
                    f"manifest '{path}' line {reader.line_num} has {len(fields)} fields, but its first line names "
                    f"{len(names)} columns; quote a field that holds '{delimiter}'; correct the line"
                )
            if fields:
                yield dict(zip(names, fields, strict=True))
