"""Manifests: tables of audio paths as JSON Lines (NeMo's manifests, the hub's `metadata.jsonl`), CSV or TSV."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from wergate.corpora.pointers import require_content
from wergate.corpora.sources.base import Column, Row
from wergate.errors import SuiteError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_AUDIO_FILE = re.compile(r"\.(flac|wav|ogg|oga|opus|mp3|m4a|aiff?|sph)\b", re.IGNORECASE)
_RELATIVE = ("file_name", "audio_file_name")  # columns of the hub's format, relative to the metadata file's folder


class ManifestSource:
    """One or more manifest files, read one after another, whose audio paths are relative to one folder."""

    def __init__(self, paths: Sequence[Path], folder: Path) -> None:
        """Read the files once, to check every line and to collect the columns of all lines.

        Args:
            paths: manifest files.
            folder: base of relative audio paths.

        Raises:
            SuiteError: a file or a line of it cannot be read.
        """
        self.folder = folder
        self._paths = tuple(paths)
        names = dict.fromkeys(name for path in self._paths for _, cells in _cells(path) for name in cells)
        self.columns = tuple(Column(name) for name in names)

    def rows(self, numbers: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield rows; audio files are not opened."""
        # Every line is parsed even if few are wanted: that costs little compared with decoding the audio.
        wanted = None if numbers is None else set(numbers)
        every = ((path, line, cells) for path in self._paths for line, cells in _cells(path))
        for number, (path, line, cells) in enumerate(every):
            if wanted is None or number in wanted:
                yield Row(number, self._from_folder(path.parent, cells), place=f"{path.name}, line {line}")

    def _from_folder(self, parent: Path, cells: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the cells with audio paths relative to the source's folder, if the metadata is in a subfolder."""
        if parent == self.folder:
            return cells
        named = {name: cells[name] for name in _RELATIVE if isinstance(cells.get(name), str) and cells[name]}
        return {**cells, **{name: str(parent.relative_to(self.folder) / path) for name, path in named.items()}}


def _cells(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the rows of a file with the number of the line in which each ends."""
    require_content(path)
    delimiter = _DELIMITERS.get(path.suffix.lower())
    try:
        yield from _delimited(path, delimiter) if delimiter else _json_lines(path)
    except csv.Error as error:
        raise SuiteError(
            f"manifest '{path}' cannot be read: {error}; a field with a quotation mark is quoted as a whole, and the "
            'mark is written twice, as in "5"" pipe"; correct the file, or save it as TSV, which has no quoting'
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(
            f"manifest '{path}' cannot be read: {error}; a text file in UTF-8 is accepted; correct the file"
        ) from error


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, _json_object(path, number, line)


def _json_object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        cells = json.loads(line)
        reason = f"is a JSON {type(cells).__name__}"
    except (ValueError, RecursionError) as error:
        cells, reason = None, f"is not JSON ({error})"
    if not isinstance(cells, dict):
        raise SuiteError(
            f"manifest '{path}' line {number} {reason}: {line.strip()[:40]}; one JSON object per line is accepted, "
            'such as {"audio_filepath": "a.wav", "duration": 1.5, "text": "..."}; correct the line'
        )
    return cells


def _delimited(path: Path, delimiter: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    # TSV knows no quoting: Common Voice writes a bare `"`, which would join rows. In CSV, `strict` refuses one.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, quoting=quoting, strict=True)
        names = next(reader, [])
        _require_delimiter(path, delimiter, names)
        if len(set(names)) != len(names):
            raise SuiteError(f"manifest '{path}' has two columns of one name: {', '.join(names)}; rename one of them")
        for fields in reader:
            _require_one_row(path, reader.line_num, fields)
            if fields and len(fields) != len(names):
                raise SuiteError(
                    f"manifest '{path}' line {reader.line_num} has {len(fields)} fields, but its first line names "
                    f"{len(names)} columns; correct the line, and quote any field that contains '{delimiter}'"
                )
            if fields:
                yield reader.line_num, dict(zip(names, fields, strict=True))


def _require_delimiter(path: Path, delimiter: str, names: Sequence[str]) -> None:
    """Raise an error if the first line is one field that holds another delimiter, as some spreadsheets write it."""
    other = next((sign for sign in (";", "\t", ",", "|") if len(names) == 1 and sign in names[0]), None)
    if other is not None:
        raise SuiteError(
            f"manifest '{path}' has the one column '{names[0]}', and {delimiter!r} separates the columns of a "
            f"{path.suffix} file (did you mean {other!r}?); save it as CSV with ',' or as TSV with tabs"
        )


def _require_one_row(path: Path, line: int, fields: Sequence[str]) -> None:
    """Raise an error if a quoted field holds further rows, because an opening quotation mark was never meant as one."""
    swallowed = next((field for field in fields if any(map(_AUDIO_FILE.search, field.splitlines()[1:]))), None)
    if swallowed is not None:
        raise SuiteError(
            f"manifest '{path}' has a field that ends in line {line} and seems to hold further rows: "
            f"{swallowed[:40]!r}; quote fields as CSV does, with '\"\"' for a quotation mark, or save it as TSV"
        )
