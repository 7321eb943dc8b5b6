"""Stored word errors: the last accepted result of each variant on each corpus, utterance by utterance.

One file holds an entry for each model, corpus and variant. An entry holds one result for each kind of machine, because
INT8 gives different results on CPUs with and without VNNI.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pydantic
from pydantic import BaseModel, ConfigDict

from wergate.disk.files import change_file
from wergate.errors import SuiteError
from wergate.store import text_digest

WER_BASELINE = "wer.json"
_SCHEMA = 1
_REMEDY = "restore it from the repository, or delete it and store a new one with --update-baselines"


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
        """Sum of substitutions, deletions and insertions."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def kinds(self) -> str:
        """Substitutions, deletions and insertions, as tables show them."""
        return f"{self.substitutions}/{self.deletions}/{self.insertions}"


class StoredTranscripts(_Part):
    """Stored result of a variant on a corpus.

    Attributes:
        model: digest of the reference model.
        corpus: fingerprint of the utterances.
        normalizer: name of the normalizer.
        versions: versions of the packages that affect the result.
        counts: word errors of the whole corpus.
        transcripts: transcripts by utterance id; only those that differ from the reference model's.
    """

    model: str
    corpus: str
    normalizer: str
    versions: dict[str, str]
    counts: StoredCounts
    transcripts: dict[str, str]

    @property
    def checksum(self) -> str:
        """SHA-256 of the whole result."""
        content = json.dumps(self.model_dump(), sort_keys=True, ensure_ascii=False)
        return text_digest(content)


class _Signed(StoredTranscripts):
    sha256: str


class _File(_Part):
    schema_version: int
    entries: dict[str, dict[str, _Signed]]


def read_transcripts(path: Path, key: str) -> Mapping[str, StoredTranscripts]:
    """Return the results stored under a key, by kind of machine.

    Raises:
        SuiteError: `write_transcripts` did not write the file, it has another schema, or it was edited by hand.
    """
    return {machine: _unsigned(entry) for machine, entry in _read(path).get(key, {}).items()}


def write_transcripts(path: Path, key: str, machine: str, result: StoredTranscripts) -> None:
    """Store a result in place of the previous one from the same kind of machine.

    The file is sorted and has one utterance per line, so that reviews see small diffs.

    Raises:
        SuiteError: the present file cannot be read or written, or was edited by hand.
    """

    def with_result() -> str:
        entries = _read(path)
        entries.setdefault(key, {})[machine] = _Signed(**result.model_dump(), sha256=result.checksum)
        content = _File(schema_version=_SCHEMA, entries=entries).model_dump()
        return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    change_file(path, with_result, what="baselines")


def _read(path: Path) -> dict[str, dict[str, _Signed]]:
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["schema_version"]
        if version != _SCHEMA:
            raise SuiteError(
                f"baseline '{path}' has schema version {version}, but only {_SCHEMA} is accepted; {_REMEDY}"
            )
        entries = _File.model_validate(content).entries
    except (ValueError, KeyError, TypeError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, pydantic.ValidationError) else error
        raise SuiteError(f"baseline '{path}' cannot be read ({first}); {_REMEDY}") from error
    for key, machines in entries.items():
        for machine, entry in machines.items():
            _require_unchanged(path, f"{key}, {machine}", entry)
    return entries


def _require_unchanged(path: Path, name: str, entry: _Signed) -> None:
    if _unsigned(entry).checksum != entry.sha256:
        raise SuiteError(
            f"baseline '{path}' has a checksum mismatch for {name}; baselines must be changed with --update-baselines, "
            f"not by hand; {_REMEDY}"
        )


def _unsigned(entry: _Signed) -> StoredTranscripts:
    return StoredTranscripts(**entry.model_dump(exclude={"sha256"}))
