"""Conversion of a source's rows to recordings, with columns that are named or detected."""

from __future__ import annotations

import math
import os
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
_AUDIO_PATH_NAMES = ("path", "file", "filename")  # used in tables of paths without any of the names above
TEXT_NAMES = ("text", "transcription", "transcript", "sentence", "normalized_text")
_ID_NAMES = ("id", "utterance_id", "utt_id", "file", "path")
_SPEAKER_NAMES = ("speaker", "speaker_id", "client_id")
_CHANNEL_NAMES = ("channel", "channel_selector")  # the second is NeMo's
_REMEDY = "correct it, or skip such utterances with --skip-bad"


@dataclass(frozen=True)
class Recording:
    """An utterance before its audio is read.

    Attributes:
        number: row number in the source.
        id: id of the utterance.
        text: reference transcript.
        speaker: name of the speaker; empty if unknown.
        audio: encoded bytes, or the path of the file with them.
        part: part of the audio with this utterance; None for all of it.
        channel: channel of the audio with this utterance, as the corpus states it; None for the mean of all.
    """

    number: int
    id: str
    text: str
    speaker: str
    audio: bytes | Path
    part: Part | None = None
    channel: str | None = None


def find_columns(source: Source, spec: CorpusSpec) -> Columns:
    """Return the names of a source's columns, as named in the spec or else detected.

    The id and speaker columns are optional; their names are empty if there is none.

    Raises:
        SuiteError: a named column does not exist, there is no audio or text column, or several could be it.
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
    """Return the columns whose type is audio, or else those with a known name."""
    names = [column.name for column in source.columns]
    typed = [column.name for column in source.columns if column.holds == "audio"]
    paths = _AUDIO_PATH_NAMES if source.folder else ()
    return typed or _named(names, AUDIO_NAMES) or _named(names, paths)[:1]


def _named(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the names that are among the known ones, in the order of those, ignoring case."""
    return [name for wanted in known for name in names if name.lower() == wanted]


def _only(candidates: list[str], role: str, known: Sequence[str], names: Sequence[str], spec: CorpusSpec) -> str:
    if not candidates:
        raise SuiteError(
            f"corpus '{spec.name}' has no {role} column: it has {', '.join(names)}; "
            f"known names are {', '.join(known)}; name it with --columns {role}=..."
        )
    if len(candidates) > 1:
        raise SuiteError(
            f"corpus '{spec.name}' has {len(candidates)} possible {role} columns: {', '.join(candidates)}; "
            f"choose one, such as --columns {role}={candidates[0]}"
        )
    return candidates[0]


def recordings(
    source: Source, columns: Columns, numbers: Sequence[int] | None = None
) -> Iterator[Recording | BadUtteranceError]:
    """Yield a recording for each row of a source, or the error for a row that is unusable.

    Args:
        source: the rows.
        columns: names of its columns.
        numbers: row numbers in ascending order; None for all.

    Raises:
        SuiteError: the source cannot be read.
    """
    for row in source.rows(numbers):
        try:
            yield _recording(source, columns, row)
        except BadUtteranceError as error:
            yield error


def _recording(source: Source, columns: Columns, row: Row) -> Recording:
    _require_unicode(columns, row)
    utterance_id = _id(source, columns, row)
    text = _text(row.cells.get(columns.text), utterance_id)
    folders = [folder for folder in (row.folder, source.folder) if folder is not None]
    audio = _audio(folders, row.cells.get(columns.audio), utterance_id)
    speaker = row.cells.get(columns.speaker)
    part = _part(row, utterance_id) if isinstance(audio, Path) else None
    speaker = "" if speaker is None else str(speaker)
    return Recording(row.number, utterance_id, text, speaker, audio, part, _channel(row))


def _require_unicode(columns: Columns, row: Row) -> None:
    """Raise an error if a cell holds half of a character, which JSON can spell but no file can hold."""
    for role, column in vars(columns).items():
        cell = row.cells.get(column)
        if isinstance(cell, str) and any(map(_is_half, cell)):
            name = f"row {row.number}"
            raise BadUtteranceError(
                name,
                "text that is not Unicode",
                f"the {role} in {row.place or name} is not Unicode text: it holds a byte that is not UTF-8, or half "
                f"of a surrogate pair, {next(filter(_is_half, cell))!a}; {_REMEDY}",
            )


def _is_half(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _id(source: Source, columns: Columns, row: Row) -> str:
    """Return the id from its column, or else the path of the audio, or else the row number.

    An object of JSON may lack the key, and then has no id of its own; a cell that is empty is a mistake.
    """
    if columns.id in row.cells:
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
            "non-text transcript",
            f"the transcript of utterance '{name}' is not text but {type(cell).__name__} ({str(cell)[:40]}); {_REMEDY}",
        )
    return cell


def _audio(folders: Sequence[Path], cell: Any, name: str) -> bytes | Path:
    """Return the audio of a cell: its bytes, or the path of a file in one of the folders."""
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    if data is None and folders and isinstance(cell, dict):
        data = cell.get("path")  # `datasets` stores bytes, a path, or both
    if isinstance(data, bytes):
        return data
    if folders and isinstance(data, Path | str) and str(data):
        return _file(folders, data)
    kind = type(data).__name__
    problem = (
        f"is not stored as bytes but as {kind}; a struct of bytes and path, as on the hub, is accepted"
        if not folders
        else f"is not a path but {kind}; a path relative to the corpus's folder, or bytes, are accepted"
    )
    raise BadUtteranceError(
        name,
        "no audio",
        f"audio of utterance '{name}' {problem}; {_REMEDY}",
    )


def _file(folders: Sequence[Path], path: str | Path) -> Path:
    """Return the path of a recording; Common Voice names its files without their folder `clips`."""
    paths = [base / path for folder in folders for base in (folder, folder / "clips")]
    return next((found for found in paths if os.path.isfile(found)), paths[0])  # noqa: PTH113 - names may be long


def _part(row: Row, name: str) -> Part | None:
    """Return the part of a row with an offset, or None."""
    # Without an offset the duration is ignored: manifests often round it, and the file's header has the exact one.
    offset_s = _seconds(row, "offset", name)
    return Part(offset_s, _seconds(row, "duration", name)) if offset_s is not None else None


def _channel(row: Row) -> str | None:
    """Return the channel that a row states, or None for the mean of all channels."""
    cells = (row.cells.get(name) for name in _CHANNEL_NAMES)
    stated = next((str(cell).strip() for cell in cells if cell is not None), "")
    return stated if stated not in {"", "average"} else None


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
            name,
            f"wrong {key}",
            f"{key} of utterance '{name}' is '{cell}'; seconds, at least 0, are accepted; {_REMEDY}",
        )
    return seconds
