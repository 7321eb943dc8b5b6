"""A file of finished duels, so that a series that was interrupted measures none of them again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pydantic

from wergate.disk.lines import LineFile
from wergate.environment.machine import cpu
from wergate.errors import SuiteError
from wergate.store import content_key
from wergate.studies.duel.rows import DuelRow
from wergate.verdict import Interval, Verdict

Finished = tuple[DuelRow, list[Verdict]]


class FinishedDuels:
    """A file with one line for each finished duel: its key, its row and its verdicts."""

    def __init__(self, path: Path) -> None:
        """Set the path; the first duel creates the file in a folder that exists."""
        self._lines = LineFile(path)

    def find(self, key: str) -> Finished | None:
        """Return the duel with a key; None if the file has none.

        Raises:
            SuiteError: a line is not a duel of this version.
        """
        for number, line in enumerate(self._lines.lines(), 1):
            try:
                found = json.loads(line)
                if found["key"] == key:
                    return DuelRow.model_validate(found["row"]), [_verdict(one) for one in found["verdicts"]]
            except (ValueError, KeyError, TypeError, pydantic.ValidationError) as error:
                raise SuiteError(
                    f"'{self._lines.path}', line {number}, is not a duel of this version; a file that --duel-file "
                    "wrote is accepted; name another one"
                ) from error
        return None

    def add(self, key: str, row: DuelRow, verdicts: list[Verdict]) -> None:
        """Append a finished duel.

        Raises:
            OSError: the file cannot be written.
        """
        content = {"key": key, "row": json.loads(row.model_dump_json()), "verdicts": [asdict(one) for one in verdicts]}
        self._lines.append(f"{json.dumps(content)}\n".encode())
        self._lines.sync()


def _verdict(values: dict[str, Any]) -> Verdict:
    interval = values["interval"]
    return Verdict(**{**values, "interval": None if interval is None else Interval(**interval)})


def duel_key(model: str, sides: tuple[str, str], settings: dict[str, Any]) -> str:
    """Return the key of a duel: model, both sides, settings of the run and the machine; not the content of files."""
    return content_key({"model": model, "sides": list(sides), "settings": settings, "cpu": list(cpu().identity)})
