"""A corpus: utterances with their reference transcripts, read one at a time.

In the hub's parquet form: a column of encoded audio bytes, a column of text. Data sets of the hub are read through
`datasets`, files without it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wergate import audio
from wergate.errors import SuiteError, did_you_mean

EMBEDDED_SPLITS = ("clean", "other", "calibration")
_EVALUATION_SPLITS = ("clean", "other")
_AUDIO_COLUMNS = ("audio", "speech", "recording")
_TEXT_COLUMNS = ("text", "transcription", "transcript", "sentence", "normalized_text")
_ID_COLUMNS = ("id", "utterance_id", "file", "path")
_SPEAKER_COLUMNS = ("speaker", "speaker_id", "client_id")
_HUB_SPEC = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(:(?P<config>[\w.-]+)(:(?P<split>[\w.+-]+))?)?")

_ROWS_AT_ONCE = 16


@dataclass(frozen=True)
class CorpusSpec:
    """Where a corpus comes from.

    Attributes:
        name: as tables and test ids show it.
        path: parquet file, or None for the hub.
        hub_id, config, split: the hub's names.
    """

    name: str
    path: Path | None
    hub_id: str = ""
    config: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Recording:
    """An utterance before its audio is decoded."""

    id: str
    text: str
    speaker: str
    audio: bytes

    @property
    def digest(self) -> str:
        """SHA-256 over the encoded audio."""
        return hashlib.sha256(self.audio).hexdigest()


@dataclass(frozen=True)
class Utterance:
    """One recording with its reference transcript."""

    id: str
    text: str
    speaker: str
    waveform: audio.Waveform


def parse_corpus_specs(spec: str, embedded: Path) -> list[CorpusSpec]:
    """Return the corpora that a spec names; plain `embedded` names both evaluation splits.

    Raises:
        SuiteError: neither an embedded split, nor a file, nor the form of a hub id.
    """
    if spec == "embedded":
        return [_embedded(split, embedded) for split in _EVALUATION_SPLITS]
    if spec.startswith("embedded:"):
        return [_embedded(spec.removeprefix("embedded:"), embedded)]
    path = Path(spec)
    if path.is_file():
        return [CorpusSpec(path.stem, path)]
    match = _HUB_SPEC.fullmatch(spec)
    if match and path.suffix not in {".parquet", ".json", ".jsonl", ".csv"} and not spec.startswith((".", "/")):
        return [CorpusSpec(spec, None, match["id"], match["config"], match["split"])]
    hint = did_you_mean(spec, ["embedded", *(f"embedded:{split}" for split in EMBEDDED_SPLITS)])
    raise SuiteError(
        f"corpus '{spec}' is neither a file nor a known spec{hint}; accepted: embedded, embedded:SPLIT, "
        "ORG/NAME[:CONFIG[:SPLIT]] or a parquet file that exists; check --corpus"
    )


def _embedded(split: str, embedded: Path) -> CorpusSpec:
    if split not in EMBEDDED_SPLITS:
        hint = did_you_mean(split, EMBEDDED_SPLITS)
        raise SuiteError(
            f"corpus 'embedded:{split}' has no such split{hint}; accepted: {', '.join(EMBEDDED_SPLITS)}; check --corpus"
        )
    return CorpusSpec(f"embedded:{split}", embedded / "corpus" / f"{split}-00000-of-00001.parquet")


@dataclass(frozen=True)
class Corpus:
    """A corpus that has been opened: its columns are known, its digests taken, nothing is decoded.

    Attributes:
        digests: SHA-256 of each utterance's encoded audio by utterance id, in corpus order.
        fingerprint: SHA-256 over ids, texts and audio.
    """

    spec: CorpusSpec
    digests: dict[str, str]
    fingerprint: str

    @property
    def name(self) -> str:
        """As tables and test ids show it."""
        return self.spec.name

    def __len__(self) -> int:
        """Return the number of utterances."""
        return len(self.digests)

    def utterances(self, sampling_rate: int) -> Iterator[Utterance]:
        """Decode one utterance after the other, in corpus order.

        Args:
            sampling_rate: Hz, of the waveforms.

        Raises:
            SuiteError: audio that cannot be decoded, or is empty or not finite.
        """
        for recording in _recordings(self.spec):
            if recording.id in self.digests:
                waveform = audio.decode(recording.audio, sampling_rate, name=recording.id)
                yield Utterance(recording.id, recording.text, recording.speaker, waveform)


def open_corpus(spec: CorpusSpec, limit: int | None = None) -> Corpus:
    """Open a corpus, check its columns and texts, and take its fingerprint.

    Args:
        limit: keep that many utterances, drawn by the hash of their id and so the same ones every time.

    Raises:
        SuiteError: unreadable, without an audio or text column, an empty transcript, an id twice, no utterance.
    """
    index: dict[str, tuple[str, str]] = {}
    for recording in _recordings(spec):
        if recording.id in index:
            raise SuiteError(f"corpus '{spec.name}' has the id '{recording.id}' twice; ids must be unique")
        if not recording.text.strip():
            raise SuiteError(
                f"corpus '{spec.name}': the transcript of utterance '{recording.id}' is empty; "
                "every utterance needs at least one word; add the transcript or remove the utterance"
            )
        index[recording.id] = (recording.digest, recording.text)
    if not index:
        raise SuiteError(f"corpus '{spec.name}' has no utterance; at least one is needed")
    kept = _draw(index, limit)
    digests = {utterance_id: index[utterance_id][0] for utterance_id in kept}
    whole = "\0".join(f"{i}\0{index[i][0]}\0{index[i][1]}" for i in kept)
    return Corpus(spec, digests, hashlib.sha256(whole.encode()).hexdigest())


def _draw(ids: Iterable[str], limit: int | None) -> list[str]:
    ids = list(ids)
    if limit is None:
        return ids
    drawn = set(sorted(ids, key=lambda i: hashlib.sha256(i.encode()).digest())[:limit])
    return [i for i in ids if i in drawn]


def require_disjoint(evaluation: Corpus, calibration: Corpus) -> None:
    """Refuse to evaluate on what the model was calibrated on.

    Raises:
        SuiteError: an utterance id or a recording is in both.
    """
    known = set(calibration.digests.values())
    shared = [i for i, digest in evaluation.digests.items() if i in calibration.digests or digest in known]
    if shared:
        raise SuiteError(
            f"calibration corpus '{calibration.name}' overlaps the evaluation corpus '{evaluation.name}' in "
            f"{len(shared)} utterances, first '{shared[0]}'; they must be disjoint; choose another split"
        )


def _recordings(spec: CorpusSpec) -> Iterator[Recording]:
    """Read the encoded recordings, in corpus order.

    The two columns are checked before the first row, so that a wrong file is told by its columns.
    """
    try:
        columns, rows = _parquet(spec.path) if spec.path else _hub(spec)
    except Exception as error:  # whatever the hub's client or the parquet reader raises is a corpus not opened
        reason = str(error).strip().splitlines()
        raise SuiteError(
            f"corpus '{spec.name}' cannot be opened: {type(error).__name__}: {reason[0] if reason else ''}; "
            "a parquet file or a data set of the hub is accepted; check --corpus and the network"
        ) from error
    audio_column = _find(columns, _AUDIO_COLUMNS, "audio", spec)
    text_column = _find(columns, _TEXT_COLUMNS, "text", spec)
    id_column = next((name for name in _ID_COLUMNS if name in columns), None)
    speaker_column = next((name for name in _SPEAKER_COLUMNS if name in columns), None)
    try:
        for number, row in enumerate(rows):
            utterance_id = str(row[id_column]) if id_column else f"{number:06d}"
            speaker = str(row[speaker_column]) if speaker_column else ""
            data = _audio_bytes(row[audio_column], utterance_id)
            yield Recording(utterance_id, str(row[text_column] or ""), speaker, data)
    except OSError as error:
        raise SuiteError(f"corpus '{spec.name}' cannot be read to its end: {error}; fetch it again") from error


def _parquet(path: Path) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """Open a file in the hub's form, a few rows in memory at a time."""
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path)
    batches = file.iter_batches(batch_size=_ROWS_AT_ONCE)
    return file.schema_arrow.names, (row for batch in batches for row in batch.to_pylist())


def _hub(spec: CorpusSpec) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """Open a data set of the hub, streaming, with its encoded bytes: decoding in `datasets` needs FFmpeg."""
    import datasets

    table = datasets.load_dataset(spec.hub_id, spec.config, split=spec.split or "test", streaming=True)
    for name, feature in table.features.items():
        if isinstance(feature, datasets.Audio):
            table = table.cast_column(name, datasets.Audio(decode=False))
    return list(table.features), iter(table)


def _audio_bytes(cell: Any, utterance_id: str) -> bytes:
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    if isinstance(data, bytes):
        return data
    raise SuiteError(
        f"audio of utterance '{utterance_id}' is not stored as bytes but as {type(data).__name__}; "
        "the hub's parquet form (a struct of bytes and path) is accepted; write the corpus in that form"
    )


def _find(columns: list[str], known: tuple[str, ...], what: str, spec: CorpusSpec) -> str:
    for name in known:
        if name in columns:
            return name
    raise SuiteError(
        f"corpus '{spec.name}' has no {what} column: it has {', '.join(columns)}; "
        f"accepted names are {', '.join(known)}; rename the column"
    )
