"""The data of the utterance browser: compressed JSON, and the recordings."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wergate.config.variants import subject_of
from wergate.report.page.gates import Gate
from wergate.report.run_folder.folder import RunFolder
from wergate.report.run_folder.utterances import TranscriptRow, UtteranceRow

_TYPES = {"mp3": "audio/mpeg", "flac": "audio/flac"}


@dataclass(frozen=True)
class Recording:
    """A recording as the page embeds it."""

    number: int
    media_type: str
    data: str


def shown_ids(rows: Sequence[UtteranceRow], names: Mapping[str, str]) -> dict[tuple[str, str, str], str]:
    """Return ids as the page shows them: unique, and without local paths.

    Args:
        names: the last component of each id that is a local path.
    """
    found: dict[tuple[str, str, str], str] = {}
    used: set[str] = set()
    for row in rows:
        name = names.get(row.id, row.id)
        number, shown = 1, name
        while shown in used:
            number += 1
            shown = f"{name} ({row.model} on {row.corpus})" if number == 2 else f"{name} ({number})"  # noqa: PLR2004
        used.add(shown)
        found[row.key] = shown
    return found


def browser_data(
    run: RunFolder, shown: Mapping[tuple[str, str, str], str], numbers: Mapping[str, int], gates: Sequence[Gate]
) -> str:
    """Return the utterances as base64 of compressed JSON.

    Args:
        shown: ids as the page shows them.
        numbers: number of each recording by its file name.
        gates: gates that did not pass; those with a link become filters.
    """
    cells = list(dict.fromkeys((row.model, row.corpus) for row in run.utterances))
    engines = {(row.model, row.corpus): row.engine for row in run.results.evaluations}
    variants = list(dict.fromkeys(name for row in run.utterances for name in row.variants))
    data = {
        "cells": [{"model": m, "corpus": c, "engine": engines.get((m, c), "reference")} for m, c in cells],
        "variants": [{"name": name, "subject": subject_of(name)} for name in variants],
        "gates": [_gate(number, gate, cells) for number, gate in enumerate(gates) if gate.link],
        "rows": [_row(row, shown[row.key], cells.index((row.model, row.corpus)), numbers) for row in run.utterances],
    }
    return packed(data)


def packed(data: Mapping[str, Any]) -> str:
    """Return the data of an utterance browser as base64 of compressed JSON."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _gate(number: int, gate: Gate, cells: Sequence[tuple[str, str]]) -> dict[str, Any]:
    model, corpus, variant, change = gate.link.split("\n")
    return {
        "number": number,
        "label": f"{gate.row.subject} {gate.row.gate}, {corpus}",
        "cell": cells.index((model, corpus)) if (model, corpus) in cells else -1,
        "variant": variant,
        "change": change,
    }


def _row(row: UtteranceRow, shown: str, cell: int, numbers: Mapping[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "i": shown,
        "c": cell,
        "d": row.duration_s,
        "t": row.text,
        "r": packed_transcript(row.reference),
        "v": {
            name: {
                **({"h": packed_transcript(one.transcript)} if one.transcript else {}),
                "q": one.sqnr_db,
                "f": one.flipped_frames,
                "w": round(one.widest_flip, 3),
                **({"n": 1} if one.near_tie else {}),
            }
            for name, one in row.variants.items()
        },
    }
    optional = {"s": row.speaker, "w": row.words, "p": row.peaks, "y": row.no_audio, "a": numbers.get(row.audio or "")}
    return found | {key: value for key, value in optional.items() if value is not None}


def packed_transcript(row: TranscriptRow) -> dict[str, Any]:
    """Return a transcript with its alignment and its errors, as the browser reads it."""
    words = {} if row.words is None else {"w": row.words}
    return {"t": row.text, **words, "a": row.alignment, "e": [row.substitutions, row.deletions, row.insertions]}


def recordings(run: RunFolder) -> tuple[list[Recording], dict[str, int]]:
    """Return the recordings of a run, and the number of each by its file name.

    Raises:
        SuiteError: a recording cannot be read.
    """
    names = list(dict.fromkeys(row.audio for row in run.utterances if row.audio))
    numbers = {name: number for number, name in enumerate(names)}
    found = [
        Recording(number, _TYPES.get(name.rpartition(".")[2], "audio/mpeg"), base64.b64encode(run.audio(name)).decode())
        for name, number in numbers.items()
    ]
    return found, numbers
