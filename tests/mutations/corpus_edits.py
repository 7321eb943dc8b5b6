"""Copies of the embedded corpora with changed audio or transcripts, in the parquet format of the hub."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile

from tests.mutations.fault import ROOT

RATE = 16_000
Row = dict[str, Any]
Samples = np.ndarray[Any, np.dtype[np.float32]]


def rows(split: str) -> list[Row]:
    """Return the rows of an embedded split."""
    return pq.read_table(ROOT / "fixtures" / "embedded" / "corpus" / f"{split}-00000-of-00001.parquet").to_pylist()


def write(path: Path, found: Iterable[Row]) -> Path:
    """Write rows as a corpus."""
    kept = [{key: row[key] for key in ("id", "audio", "text", "speaker")} for row in found]
    pq.write_table(pa.Table.from_pylist(kept), path)
    return path


def heard(row: Row, change: Callable[[Samples], Samples]) -> Row:
    """Return a row with changed samples and an unchanged header of 16 kHz."""
    return encoded(row, "FLAC", change)


def encoded(row: Row, form: str, change: Callable[[Samples], Samples] = lambda samples: samples) -> Row:
    """Return a row whose audio is encoded in another form, such as "WAV"."""
    samples, _ = soundfile.read(io.BytesIO(row["audio"]["bytes"]), dtype="float32")
    stream = io.BytesIO()
    soundfile.write(stream, change(samples), RATE, format=form)
    return row | {"audio": row["audio"] | {"bytes": stream.getvalue()}}
