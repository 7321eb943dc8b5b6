"""What a person says of a corpus: where it is, what its columns are called, how much of it to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from wergate.errors import SuiteError, did_you_mean

MAX_DURATION_S = 600.0
_ACCEPTED = "audio=NAME,text=NAME,id=NAME,speaker=NAME (each optional) is accepted; check --columns"


@dataclass(frozen=True)
class Columns:
    """The names of a corpus's columns; an empty one is to be found."""

    audio: str = ""
    text: str = ""
    id: str = ""
    speaker: str = ""

    @classmethod
    def of(cls, names: Mapping[str, str]) -> Columns:
        """Return the columns of a table in suite.toml.

        Raises:
            SuiteError: a key that is no column of ours, or an empty name.
        """
        known = [field.name for field in fields(cls)]
        for key, name in names.items():
            if key not in known:
                raise SuiteError(f"columns has the unknown key '{key}'{did_you_mean(key, known)}; {_ACCEPTED}")
            if not name:
                raise SuiteError(f"columns names no column for '{key}'; {_ACCEPTED}")
        return cls(**names)

    @classmethod
    def parse(cls, option: str) -> Columns:
        """Return the columns of `audio=...,text=...`.

        Raises:
            SuiteError: a part without `=`, a key twice, and what `of` refuses.
        """
        names: dict[str, str] = {}
        for part in option.split(","):
            key, equals, name = (piece.strip() for piece in part.partition("="))
            if not equals:
                raise SuiteError(f"columns '{option}' has a part without '=': '{part}'; {_ACCEPTED}")
            if key in names:
                raise SuiteError(f"columns '{option}' names '{key}' twice; {_ACCEPTED}")
            names[key] = name
        return cls.of(names)


@dataclass(frozen=True)
class CorpusSpec:
    """Where a corpus comes from, and how it is read.

    Attributes:
        name: as tables and test ids show it.
        path: file or folder, or None for the hub.
        hub_id, config, split, revision: the hub's names.
        columns: those that are named rather than found.
        limit: draw that many utterances; None takes all.
        skip_bad: leave out utterances that cannot be used, and count them, instead of refusing the corpus.
        max_duration_s: a longer recording is refused before it is decoded.
    """

    name: str
    path: Path | None
    hub_id: str = ""
    config: str | None = None
    split: str | None = None
    revision: str | None = None
    columns: Columns = Columns()
    limit: int | None = None
    skip_bad: bool = False
    max_duration_s: float = MAX_DURATION_S
