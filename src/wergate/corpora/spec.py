"""Specification of a corpus by the user: its location, the names of its columns, and how much of it to use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from wergate.errors import SuiteError, did_you_mean

MAX_DURATION_S = 600.0
_ACCEPTED = "audio=NAME,text=NAME,id=NAME,speaker=NAME (each optional) is accepted; check --columns"


@dataclass(frozen=True)
class Columns:
    """The names of a corpus's columns; an empty name stands for a column to be detected."""

    audio: str = ""
    text: str = ""
    id: str = ""
    speaker: str = ""

    @classmethod
    def of(cls, names: Mapping[str, str]) -> Columns:
        """Return the columns that a `columns` table in suite.toml names.

        Raises:
            SuiteError: a key is unknown, or a name is empty.
        """
        known = [field.name for field in fields(cls)]
        for key, name in names.items():
            if key not in known:
                raise SuiteError(f"columns has the unknown key '{key}'{did_you_mean(key, known)}; {_ACCEPTED}")
            if not name:
                raise SuiteError(f"columns has an empty name for '{key}'; {_ACCEPTED}")
        return cls(**names)

    @classmethod
    def parse(cls, option: str) -> Columns:
        """Return the columns that an option such as `audio=...,text=...` names.

        Raises:
            SuiteError: a part has no `=`, a key occurs twice or is unknown, or a name is empty.
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
    """Location of a corpus, and options for reading it.

    Attributes:
        name: name in tables and test ids.
        path: file or folder; None for a data set of the hub.
        hub_id: ORG/NAME of a data set of the hub; empty for a path.
        config: configuration of the data set; None for its default.
        split: split of the data set; None for its default.
        revision: branch, tag or commit of the data set; None for the default branch.
        columns: names of the columns that are not to be detected.
        limit: number of utterances to draw; None for all.
        skip_bad: skip unusable utterances and count them, instead of refusing the corpus.
        max_duration_s: longest accepted recording in seconds, checked before decoding.
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
