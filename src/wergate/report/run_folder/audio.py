"""Recordings in a run folder: which utterances, within a budget, encoded so that a browser plays them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile

from wergate.config.base import AudioFormat
from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus
from wergate.report.failures.order import is_about_transcripts
from wergate.report.rows.verdicts import VerdictRow
from wergate.report.run_folder.utterances import UtteranceRow
from wergate.verdict import Status

PEAKS = 200
WARNING_MB = 50.0
_MB = 1e6
_BYTES_PER_S: Mapping[str, float] = {"mp3": 3000, "flac": 14_000}  # measured on speech at 16 kHz
_MARGIN = 1.5  # decode somewhat more than the estimate: what is too much is dropped
_LOWEST_SQNR = 50  # utterances with changed logits but equal text, before the sample of the others
_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III", "compression_level": 0.9, "bitrate_mode": "VARIABLE"},
    "flac": {"format": "FLAC", "subtype": "PCM_16"},
}


@dataclass(frozen=True)
class Clip:
    """An encoded recording and its waveform.

    Attributes:
        name: file name.
        data: content of the file.
        peaks: loudest sample of each part, in thousandths of the full scale.
    """

    name: str
    data: bytes
    peaks: list[int]


def by_priority(rows: Iterable[UtteranceRow], verdicts: Iterable[VerdictRow]) -> list[UtteranceRow]:
    """Return utterances in the order in which the budget takes them.

    First come those that a failed gate is about, then those that got worse, then other changes, then the lowest SQNR,
    then the others in an order that their ids alone decide.
    """
    found = list(rows)
    failed = {
        (row.model, row.corpus, row.subject.lower())
        for row in verdicts
        if row.status is Status.FAIL and is_about_transcripts(row.gate)
    }
    lowest = sorted(found, key=_sqnr_db)[:_LOWEST_SQNR]
    noisy = {row.key for row in lowest}

    def rank(row: UtteranceRow) -> tuple[int, int, float, str]:
        added = max((row.added(name) for name in row.variants), default=0)
        changed = any(one.transcript for one in row.variants.values())
        named = any((row.model, row.corpus, name.lower()) in failed and row.added(name) > 0 for name in row.variants)
        place = 0 if named else 1 if added > 0 else 2 if changed else 3 if row.key in noisy else 4
        return place, -added, _sqnr_db(row) if place == 3 else 0.0, _digest(row)  # noqa: PLR2004 - the place above

    return sorted(found, key=rank)


def _sqnr_db(row: UtteranceRow) -> float:
    return min((one.sqnr_db for one in row.variants.values() if one.sqnr_db is not None), default=np.inf)


def fitting(rows: Sequence[UtteranceRow], budget_mb: float, kind: AudioFormat) -> list[UtteranceRow]:
    """Return the first utterances whose recordings are likely to fit into the budget, and a few more."""
    left = _MARGIN * budget_mb * _MB
    chosen = []
    for row in rows:
        left -= row.duration_s * _BYTES_PER_S[kind]
        if left < 0:
            break
        chosen.append(row)
    return chosen


def clips(
    corpus: Corpus, ids: Collection[str], sampling_rate: int, kind: AudioFormat
) -> Iterator[tuple[str, Clip | None]]:
    """Yield the recording of each utterance as a model hears it; None if the format cannot hold it.

    Args:
        sampling_rate: rate in Hz.

    Raises:
        SuiteError: audio cannot be decoded.
    """
    for utterance in corpus.utterances(sampling_rate, only=ids):
        samples = np.clip(utterance.waveform.samples, -1, 1)
        try:
            data = _encoded(samples, sampling_rate, kind)
        except soundfile.LibsndfileError:
            yield utterance.id, None
        else:
            name = f"{_name(corpus.name, utterance.id)}.{kind}"
            yield utterance.id, Clip(name, data, peaks(samples))


def _encoded(samples: Samples, sampling_rate: int, kind: AudioFormat) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, sampling_rate, **_SETTINGS[kind])
    return buffer.getvalue()


def peaks(samples: Samples) -> list[int]:
    """Return the loudest sample of each of 200 parts, in thousandths of the full scale; fewer for very short audio."""
    parts = np.array_split(np.abs(samples), min(PEAKS, max(1, len(samples))))
    return [round(1000 * float(part.max())) if len(part) else 0 for part in parts]


def within(
    budget_mb: float, order: Iterable[UtteranceRow], sizes: Mapping[tuple[str, str, str], int]
) -> list[UtteranceRow]:
    """Return the utterances whose recordings fit, in the order of their priority.

    Args:
        sizes: bytes of each recording; one that is shared by two models counts once.
    """
    left = budget_mb * _MB
    kept: list[UtteranceRow] = []
    counted: set[tuple[str, str]] = set()
    for row in order:
        size = 0 if (row.corpus, row.id) in counted else sizes.get(row.key, 0)
        if row.key in sizes and size <= left:
            left -= size
            counted.add((row.corpus, row.id))
            kept.append(row)
    return kept


def _digest(row: UtteranceRow) -> str:
    return _name(row.corpus, row.id)


def _name(corpus: str, utterance: str) -> str:
    """Return a name that no path or id shows through."""
    return hashlib.sha256(f"{corpus}\0{utterance}".encode()).hexdigest()[:16]
