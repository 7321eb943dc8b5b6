"""Data sets in the hub's format: a card that names splits and files, and parquet files with LibriSpeech's columns."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.tiny import Spoken


def parquet(utterances: Sequence[Spoken], *, rows_of_group: int = 100) -> bytes:
    """Return utterances as a parquet file with the columns file, audio, text, speaker_id, chapter_id and id."""
    from datasets import Audio, Features, Value

    numbers = {name: Value("int64") for name in ("speaker_id", "chapter_id")}
    features = Features(
        {"file": Value("string"), "audio": Audio(sampling_rate=16_000), "text": Value("string"), **numbers}
        | {"id": Value("string")}
    )
    rows = [
        {
            "file": f"/train-clean/{each.id}.flac",
            "audio": {"bytes": each.audio, "path": f"{each.id}.flac"},
            "text": each.text,
            "speaker_id": 1000 + number % 3,
            "chapter_id": 7,
            "id": each.id,
        }
        for number, each in enumerate(utterances)
    ]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=features.arrow_schema), stream, row_group_size=rows_of_group)
    return stream.getvalue()


def card(configs: Mapping[str, Mapping[str, str]]) -> bytes:
    """Return a README.md that lists the splits of each configuration and their files."""
    lines = ["---", "configs:"]
    for config, splits in configs.items():
        lines += [f"- config_name: {config}", "  data_files:"]
        for split, path in splits.items():
            lines += [f"  - split: {split}", f"    path: {path}"]
    return "\n".join([*lines, "---", "", "# Speech", ""]).encode()
