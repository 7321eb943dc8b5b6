"""Rows of any source to recordings: the columns are found, or taken as they are named."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wergate.corpora.audio import Part
from wergate.corpora.sources.base import Row, Source
from wergate.corpora.spec import Columns, CorpusSpec
from wergate.errors import BadUtteranceError, SuiteError, did_you_mean

AUDIO_NAMES = (
    "audio",
    "audio_filepath",
    "file_name",
    "audio_file_name",
    "audio_path",
    "audio_file",
    "speech",
    "recording",
)
_AUDIO_PATH_NAMES = ("path", "file", "filename")  # of tables of paths that have none of the names above
TEXT_NAMES = ("text", "transcription", "transcript", "sentence", "normalized_text")
_ID_NAMES = ("id", "utterance_id", "utt_id", "file", "path")
_SPEAKER_NAMES = ("speaker", "speaker_id", "client_id")
_REMEDY = "correct it, or leave such utterances out with --skip-bad"


@dataclass(frozen=True)
class Recording:
    """An utterance before its audio is read.

    Attributes:
        number: of its row in the source.
        audio: the encoded bytes, or the file that holds them.
        part: the part of the audio that is this utterance; None for all of it.
    """

    number: int
    id: str
    text: str
    speaker: str
    audio: bytes | Path
    part: Part | None = None


def find_columns(source: Source, spec: CorpusSpec) -> Columns:
    """Return the columns' names, empty where there is none: an id and a speaker are optional.

    Raises:
        SuiteError: a named column that is not there; no audio or text column, or several of them.
    """
    names = [column.name for column in source.columns]
    for role, name in vars(spec.columns).items():
        if name and name not in names:
            raise SuiteError(
                f"corpus '{spec.name}' has no column '{name}'{did_you_mean(name, names)}: it has {', '.join(names)}; "
                f"correct --columns {role}=..."
            )
    return Columns(
        audio=spec.columns.audio or _only(_audio_candidates(source), "audio", AUDIO_NAMES, names, spec),
        text=spec.columns.text or _only(_named(names, TEXT_NAMES), "text", TEXT_NAMES, names, spec),
        id=spec.columns.id or next(iter(_named(names, _ID_NAMES)), ""),
        speaker=spec.columns.speaker or next(iter(_named(names, _SPEAKER_NAMES)), ""),
    )


def _audio_candidates(source: Source) -> list[str]:
    """Return what is audio by its type, or else by its name."""
    names = [column.name for column in source.columns]
    typed = [column.name for column in source.columns if column.holds == "audio"]
    paths = _AUDIO_PATH_NAMES if source.folder else ()
    return typed or _named(names, AUDIO_NAMES) or _named(names, paths)[:1]


def _named(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the names that are known, best known first, whatever their case."""
    return [name for wanted in known for name in names if name.lower() == wanted]


def _only(candidates: list[str], role: str, known: Sequence[str], names: Sequence[str], spec: CorpusSpec) -> str:
    if not candidates:
        raise SuiteError(
            f"corpus '{spec.name}' has no {role} column: it has {', '.join(names)}; "
            f"known names are {', '.join(known)}; name it with --columns {role}=..."
        )
    if len(candidates) > 1:
        raise SuiteError(
            f"corpus '{spec.name}' has {len(candidates)} candidate {role} columns: {', '.join(candidates)}; "
            f"one is accepted; name it with --columns {role}={candidates[0]}"
        )
    return candidates[0]


def recordings(
    source: Source, columns: Columns, numbers: Sequence[int] | None = None
) -> Iterator[Recording | BadUtteranceError]:
    """Yield the recordings of a source, and in place of a row that gives none, what is wrong with it."""
    for row in source.rows(numbers):
        try:
            yield _recording(source, columns, row)
        except BadUtteranceError as error:
            yield error


def _recording(source: Source, columns: Columns, row: Row) -> Recording:
    utterance_id = _id(source, columns, row)
    text = _text(row.cells.get(columns.text), utterance_id)
    audio = _audio(source, row.cells.get(columns.audio), utterance_id)
    speaker = row.cells.get(columns.speaker)
    part = _part(row, utterance_id) if isinstance(audio, Path) else None
    return Recording(row.number, utterance_id, text, "" if speaker is None else str(speaker), audio, part)


def _id(source: Source, columns: Columns, row: Row) -> str:
    """Return the id; without such a column the audio's path stands in, and where audio is no path, the row's number."""
    if columns.id:
        cell = row.cells.get(columns.id)
        if cell is None or not str(cell).strip():
            name = f"row {row.number}"
            raise BadUtteranceError(
                name, "no id", f"{name} has no id in column '{columns.id}'; every utterance needs one; {_REMEDY}"
            )
        return str(cell)
    path = row.cells.get(columns.audio)
    if source.folder is None or not isinstance(path, str):
        return f"{row.number:06d}"
    return f"{path}@{row.cells['offset']}" if row.cells.get("offset") else path


def _text(cell: Any, name: str) -> str:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        raise BadUtteranceError(
            name,
            "empty transcript",
            f"the transcript of utterance '{name}' is empty; every utterance needs at least one word; {_REMEDY}",
        )
    if not isinstance(cell, str):
        raise BadUtteranceError(
            name,
            "transcript that is no text",
            f"the transcript of utterance '{name}' is not text but {type(cell).__name__} ({str(cell)[:40]}); {_REMEDY}",
        )
    return cell


def _audio(source: Source, cell: Any, name: str) -> bytes | Path:
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    if isinstance(data, bytes):
        return data
    if source.folder is not None and isinstance(data, Path | str) and str(data):
        return source.folder / data
    kind = type(data).__name__
    told = (
        f"is not stored as bytes but as {kind}; a struct of bytes and path, as the hub's, is accepted"
        if source.folder is None
        else f"is not a path but {kind}; the path of a file, from the folder it is told in, is accepted"
    )
    raise BadUtteranceError(
        name,
        "no audio",
        f"audio of utterance '{name}' {told}; {_REMEDY}",
    )


def _part(row: Row, name: str) -> Part | None:
    """Return the part that an offset tells; without one a duration is not believed: the file's header tells it."""
    offset_s = _seconds(row, "offset", name)
    return Part(offset_s, _seconds(row, "duration", name)) if offset_s is not None else None


def _seconds(row: Row, key: str, name: str) -> float | None:
    cell = row.cells.get(key)
    if cell is None or cell == "":
        return None
    try:
        seconds = float(cell)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise BadUtteranceError(
            name, f"wrong {key}", f"{key} of utterance '{name}' is '{cell}'; seconds >= 0 are accepted; {_REMEDY}"
        )
    return seconds
