"""Corpora with hostile names, tables that claim more than they hold, and suite files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from tests.hostile.audio import opened
from tests.support.tiny import encoded, sound
from wergate.config.loading import load_config

_TEXT = "A LION SINGS"


def _manifest(folder: Path, **row: Any) -> None:
    (folder / "one.wav").write_bytes(encoded(sound(0.5, seed=1), container="WAV"))
    path = folder / "manifest.jsonl"
    path.write_text(json.dumps({"audio_filepath": "one.wav", "text": _TEXT} | row), encoding="utf-8")
    opened(path)


def long_path(folder: Path) -> None:
    """Name a recording by 4,000 characters."""
    _manifest(folder, audio_filepath="a" * 4000)


def path_with_nul(folder: Path) -> None:
    """Name a recording with a NUL in it."""
    _manifest(folder, audio_filepath="one\0.wav")


def path_to_device(folder: Path) -> None:
    """Name a device that never ends."""
    _manifest(folder, audio_filepath="/dev/zero")


def path_upwards(folder: Path) -> None:
    """Name a file of the system, by a path upwards."""
    _manifest(folder, audio_filepath="../" * 40 + "etc/passwd")


def linked_recording(folder: Path) -> None:
    """Name a link to itself."""
    (folder / "loop.wav").symlink_to("loop.wav")
    _manifest(folder, audio_filepath="loop.wav")


def deep_json(folder: Path) -> None:
    """Nest lists 100,000 deep in a line."""
    path = folder / "manifest.jsonl"
    path.write_text("[" * 100_000, encoding="utf-8")
    opened(path)


def long_number(folder: Path) -> None:
    """State an offset with 5,000 digits."""
    path = folder / "manifest.jsonl"
    path.write_text('{"audio_filepath": "one.wav", "text": "A", "offset": ' + "9" * 5000 + "}", encoding="utf-8")
    opened(path)


def large_offset(folder: Path) -> None:
    """State an offset of 10^300 s."""
    _manifest(folder, offset=1e300, duration=1)


def csv_of_one_field(folder: Path) -> None:
    """Write a field of 1 MB, beyond the limit of the reader."""
    path = folder / "metadata.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["file_name", "text"], ["one.wav", "A" * 2**20]])
    opened(path)


def parquet_of_many_rows(folder: Path) -> None:
    """Say 2^40 rows in the footer of a parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / "many.parquet"
    table = pa.table({"audio": [b"x"], "text": ["A"]})
    pq.write_table(table, path)
    content = path.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    footer = content[-8 - length : -8]
    # the number of rows is the field behind the schema: type i64, then 1 as a zigzag number
    changed = footer.replace(b"\x16\x02\x19\x1c", b"\x16" + b"\xfe\xff\xff\xff\xff\x3f" + b"\x19\x1c", 1)
    assert changed != footer
    path.write_bytes(content[: -8 - length] + changed + len(changed).to_bytes(4, "little") + b"PAR1")
    opened(path)


def parquet_of_noise(folder: Path) -> None:
    """Say a footer of 4 GB."""
    path = folder / "noise.parquet"
    path.write_bytes(b"PAR1" + bytes(100) + b"\xff\xff\xff\xffPAR1")
    opened(path)


def suite_of_a_million_keys(folder: Path) -> None:
    """Write a million keys."""
    path = folder / "suite.toml"
    path.write_text("".join(f"a{number} = 1\n" for number in range(10**6)), encoding="utf-8")
    load_config(path, {}, base=Path("suite.toml").absolute())


def suite_of_deep_lists(folder: Path) -> None:
    """Nest lists 100,000 deep."""
    path = folder / "suite.toml"
    path.write_text("a = " + "[" * 100_000, encoding="utf-8")
    load_config(path, {})


def suite_of_deep_tables(folder: Path) -> None:
    """Nest tables 20,000 deep by dots."""
    path = folder / "suite.toml"
    path.write_text(".".join(["a"] * 20_000) + " = 1", encoding="utf-8")
    load_config(path, {})


def suite_of_long_number(folder: Path) -> None:
    """State a number with 5,000 digits."""
    path = folder / "suite.toml"
    path.write_text("seed = " + "9" * 5000, encoding="utf-8")
    load_config(path, {})


def id_of_commands(folder: Path) -> None:
    """Have an id that clears the terminal, fills its clipboard, and turns the line around."""
    _manifest(folder, id="a\x1b[2J\x1b]52;c;cm0=\a\r\u202eb", audio_filepath="absent.wav")
