"""Functions that write the same utterances in each format of a corpus."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.support.tiny import Spoken, write_corpus


def audio_files(folder: Path, utterances: Sequence[Spoken], under: str = "") -> list[str]:
    """Write each utterance as a FLAC file; return the paths relative to the folder."""
    paths = [f"{under}{u.id}.flac" for u in utterances]
    for path, utterance in zip(paths, utterances, strict=True):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(utterance.audio)
    return paths


def json_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write one JSON object per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def manifest(folder: Path, utterances: Sequence[Spoken], *, duration: float = 1.0) -> Path:
    """Write a NeMo manifest with wrong durations, as they are often found."""
    paths = audio_files(folder, utterances, "clips/")
    rows = [{"audio_filepath": p, "duration": duration, "text": u.text} for p, u in zip(paths, utterances, strict=True)]
    return json_lines(folder / "manifest.json", rows)


def metadata_json(folder: Path, utterances: Sequence[Spoken]) -> Path:
    """Write the hub's audiofolder with metadata.jsonl; return the folder."""
    paths = audio_files(folder, utterances, "wavs/deep/")
    json_lines(
        folder / "metadata.jsonl",
        [{"file_name": p, "transcription": u.text} for p, u in zip(paths, utterances, strict=True)],
    )
    return folder


def metadata_csv(folder: Path, utterances: Sequence[Spoken]) -> Path:
    """Write the hub's audiofolder with metadata.csv; return the folder."""
    paths = audio_files(folder, utterances)
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "sentence", "speaker"])
        writer.writerows([p, u.text, f"s{n}"] for n, (p, u) in enumerate(zip(paths, utterances, strict=True)))
    return folder


def table_file(folder: Path, utterances: Sequence[Spoken], name: str) -> Path:
    """Write a manifest as CSV or TSV."""
    paths = audio_files(folder, utterances, "clips/")
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t" if name.endswith(".tsv") else ",")
        writer.writerow(["path", "sentence"])
        writer.writerows([p, u.text] for p, u in zip(paths, utterances, strict=True))
    return folder / name


def metadata_below(folder: Path, utterances: Sequence[Spoken]) -> Path:
    """Write one metadata.jsonl in each of two subfolders; return the parent folder."""
    half = len(utterances) // 2
    for name, part in (("a", utterances[:half]), ("b", utterances[half:])):
        paths = audio_files(folder / name, part)
        rows = [{"file_name": p, "text": u.text} for p, u in zip(paths, part, strict=True)]
        json_lines(folder / name / "metadata.jsonl", rows)
    return folder


def librispeech(folder: Path, utterances: Sequence[Spoken]) -> Path:
    """Write LibriSpeech's tree with one chapter for every three utterances; return its root."""
    for number in range(0, len(utterances), 3):
        chapter = utterances[number : number + 3]
        below = folder / "LibriSpeech" / "test-clean" / str(100 + number) / "7"
        audio_files(below, chapter)
        lines = "".join(f"{u.id} {u.text}\n" for u in chapter)
        (below / f"{100 + number}-7.trans.txt").write_text(lines, encoding="utf-8")
    return folder


def parquet_folder(folder: Path, utterances: Sequence[Spoken]) -> Path:
    """Write two shards with the hub's file names; return the folder."""
    (folder / "data").mkdir(parents=True)
    half = len(utterances) // 2
    for number, part in enumerate((utterances[:half], utterances[half:])):
        write_corpus(folder / "data" / f"test-0000{number}-of-00002.parquet", part)
    return folder


def saved(folder: Path, utterances: Sequence[Spoken]) -> Path:
    """Write two shards with save_to_disk; return the folder."""
    from datasets import Audio, Dataset, Features, Value

    features = Features(id=Value("string"), audio=Audio(), text=Value("string"))
    rows = [{"id": u.id, "audio": {"bytes": u.audio, "path": f"{u.id}.flac"}, "text": u.text} for u in utterances]
    # The constructor stores the bytes as they are, where `from_list` would encode them again.
    Dataset(pa.Table.from_pylist(rows, schema=features.arrow_schema)).save_to_disk(str(folder), num_shards=2)
    return folder
