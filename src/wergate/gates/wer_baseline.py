"""Stored word errors: what each variant made of each corpus when a review last agreed to it, utterance by utterance.

One file holds an entry for each model, corpus and variant, and within it one for each kind of machine: INT8 on a CPU
with VNNI and INT8 on one without are two results, and stand side by side.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pydantic
from pydantic import BaseModel, ConfigDict

from wergate.errors import SuiteError
from wergate.store import replace_file, text_digest

WER_BASELINE = "wer.json"
_SCHEMA = 1
_WAY_OUT = "restore it from the repository, or delete it and store a new one with --update-baselines"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class StoredCounts(_Part):
    """Word errors of a whole corpus."""

    words: int
    substitutions: int
    deletions: int
    insertions: int

    @property
    def errors(self) -> int:
        """All of them."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def kinds(self) -> str:
        """As tables show them."""
        return f"{self.substitutions}/{self.deletions}/{self.insertions}"


class StoredTranscripts(_Part):
    """What a variant made of a corpus.

    Attributes:
        model: digest of the reference model.
        corpus: fingerprint of the utterances.
        versions: of the packages that decide.
        transcripts: by utterance id, where they are not the reference model's.
    """

    model: str
    corpus: str
    normalizer: str
    versions: dict[str, str]
    counts: StoredCounts
    transcripts: dict[str, str]

    @property
    def checksum(self) -> str:
        """SHA-256 of all of it."""
        content = json.dumps(self.model_dump(), sort_keys=True, ensure_ascii=False)
        return text_digest(content)


class _Signed(StoredTranscripts):
    sha256: str


class _File(_Part):
    schema_version: int
    entries: dict[str, dict[str, _Signed]]


def read_transcripts(path: Path, key: str) -> Mapping[str, StoredTranscripts]:
    """Return what is stored under a key, by kind of machine.

    Raises:
        SuiteError: the file is not what `write_transcripts` writes, of another schema, or was changed by hand.
    """
    return {machine: _unsigned(entry) for machine, entry in _read(path).get(key, {}).items()}


def write_transcripts(path: Path, key: str, machine: str, found: StoredTranscripts) -> None:
    """Store what was found in the place of what the same kind of machine had found, sorted, one utterance a line.

    Raises:
        SuiteError: what is there already cannot be read, or was changed by hand.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.parent):
        entries = _read(path)
        entries.setdefault(key, {})[machine] = _Signed(**found.model_dump(), sha256=found.checksum)
        content = _File(schema_version=_SCHEMA, entries=entries).model_dump()
        text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        replace_file(path, text, what="baselines")


def _read(path: Path) -> dict[str, dict[str, _Signed]]:
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["schema_version"]
        if version != _SCHEMA:
            raise SuiteError(f"baseline '{path}' has schema version {version}, {_SCHEMA} is read here; {_WAY_OUT}")
        entries = _File.model_validate(content).entries
    except (ValueError, KeyError, TypeError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, pydantic.ValidationError) else error
        raise SuiteError(f"baseline '{path}' cannot be read ({first}); {_WAY_OUT}") from error
    for key, machines in entries.items():
        for machine, entry in machines.items():
            _require_unchanged(path, f"{key}, {machine}", entry)
    return entries


def _require_unchanged(path: Path, name: str, entry: _Signed) -> None:
    if _unsigned(entry).checksum != entry.sha256:
        raise SuiteError(
            f"baseline '{path}' was changed by hand: the entry of {name} has not the checksum that it is stored with; "
            f"a baseline is raised by --update-baselines alone; {_WAY_OUT}"
        )


def _unsigned(entry: _Signed) -> StoredTranscripts:
    return StoredTranscripts(**entry.model_dump(exclude={"sha256"}))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other workers from storing at the same time."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
