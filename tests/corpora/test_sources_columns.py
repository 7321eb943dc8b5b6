"""Columns: detected by type and name, or named by the user if the detection is ambiguous."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Audio, Features, Image, Value

from tests.support.corpus_forms import audio_files, json_lines
from tests.support.tiny import RATE, spoken
from wergate.corpora.corpus import open_corpus
from wergate.corpora.spec import Columns, CorpusSpec
from wergate.errors import SuiteError

ONE = spoken([1])[0]
STRUCT = {"bytes": ONE.audio, "path": None}


def table(path: Path, /, **cells: Any) -> Path:
    """Write a parquet file with one row."""
    pq.write_table(pa.Table.from_pylist([cells]), path)
    return path


@dataclass(frozen=True)
class Detection:
    """A row, and the id, transcript and speaker that are read from it."""

    id: str
    cells: Mapping[str, Any]
    expected: tuple[str, str, str] = ("000000", "T", "")
    named: Columns = field(default_factory=Columns)


DETECTIONS = (
    Detection("usual", {"id": "u", "audio": STRUCT, "text": "T"}, ("u", "T", "")),
    Detection("Common Voice", {"client_id": "c", "path": "p", "audio": STRUCT, "sentence": "T"}, ("p", "T", "c")),
    Detection(
        "VoxPopuli", {"audio": STRUCT, "raw_text": "t", "normalized_text": "T", "speaker_id": 5}, ("000000", "T", "5")
    ),
    Detection("audio of another name", {"sound": STRUCT, "transcription": "T"}),
    Detection("bare bytes", {"clip": ONE.audio, "transcript": "T"}),
    Detection("a known name next to audio", {"audio": STRUCT, "speech": "what was spoken", "text": "T"}),
    Detection("named text", {"audio": STRUCT, "text": "no", "words": "T"}, named=Columns(text="words")),
    Detection(
        "named audio", {"audio": {"bytes": b"", "path": ""}, "mic": STRUCT, "text": "T"}, named=Columns(audio="mic")
    ),
    Detection(
        "all named",
        {"a": STRUCT, "b": "T", "c": 7, "d": "who", "id": "no", "speaker": "no"},
        ("7", "T", "who"),
        Columns("a", "b", "c", "d"),
    ),
)


@pytest.mark.parametrize("detection", DETECTIONS, ids=lambda detection: detection.id)
def test_columns_are_found_or_named(detection: Detection, tmp_path: Path) -> None:
    """The usual column names of the hub are detected, and a name that the user gives wins."""
    path = table(tmp_path / "c.parquet", **detection.cells)
    (utterance,) = open_corpus(CorpusSpec("c", path, columns=detection.named)).utterances(RATE)
    assert detection.expected == (utterance.id, utterance.text, utterance.speaker)


def test_an_image_is_not_audio(tmp_path: Path) -> None:
    """The hub stores both as a struct of bytes and path, and distinguishes them by its own types."""
    features = Features(image=Image(decode=False), audio=Audio(decode=False), text=Value("string"))
    rows = [{"image": STRUCT, "audio": STRUCT, "text": "T"}]
    pq.write_table(pa.Table.from_pylist(rows, schema=features.arrow_schema), tmp_path / "c.parquet")
    assert 1 == len(open_corpus(CorpusSpec("c", tmp_path / "c.parquet")))


@dataclass(frozen=True)
class Unclear:
    """A row whose columns are ambiguous or missing, and the expected error."""

    id: str
    cells: Mapping[str, Any]
    message: str
    named: Columns = field(default_factory=Columns)


UNCLEAR = (
    Unclear(
        "two audio",
        {"audio": STRUCT, "speech": STRUCT, "text": "T"},
        r"'c' has 2 possible audio columns: audio, speech; choose one, such as --columns audio=audio",
    ),
    Unclear(
        "two audio of any name",
        {"near": STRUCT, "far": STRUCT, "text": "T"},
        "2 possible audio columns: near, far; .*--columns audio=near",
    ),
    Unclear(
        "two text",
        {"audio": STRUCT, "normalized_text": "T", "text": "T"},
        "2 possible text columns: text, normalized_text; .*--columns text=text",
    ),
    Unclear(
        "no audio", {"image": 1, "text": "T"}, "no audio column: it has image, text; known names are audio, .*--col"
    ),
    Unclear(
        "no text", {"audio": STRUCT, "words": "T"}, "no text column: it has audio, words; known.*--columns text=.*"
    ),
    Unclear(
        "named, not there",
        {"audio": STRUCT, "words": "T"},
        r"'c' has no column 'word' \(did you mean 'words'\?\): it has audio, words; correct --columns text=",
        Columns(text="word"),
    ),
    Unclear("named id, not there", {"audio": STRUCT, "text": "T"}, "no column 'key': it has", Columns(id="key")),
    Unclear("audio as a path", {"audio": "a.wav", "text": "T"}, "'a.wav' is missing: file .* does not exist"),
    Unclear("audio as nothing", {"audio": {"bytes": None, "path": None}, "text": "T"}, "not a path but NoneType; a"),
    Unclear(
        "text as a number", {"audio": STRUCT, "text": 5}, r"transcript of utterance '000000' is not text but int \(5\)"
    ),
    Unclear("text as nothing", {"audio": STRUCT, "text": None}, "transcript of utterance '000000' is empty"),
    Unclear("id as nothing", {"audio": STRUCT, "text": "T", "id": None}, "row 0 has no id in column 'id'"),
)


@pytest.mark.parametrize("unclear", UNCLEAR, ids=lambda unclear: unclear.id)
def test_unclear_columns_are_refused(unclear: Unclear, tmp_path: Path) -> None:
    """The error names the columns and the option in one line."""
    path = table(tmp_path / "c.parquet", **unclear.cells)
    with pytest.raises(SuiteError, match=unclear.message) as caught:
        open_corpus(CorpusSpec("c", path, columns=unclear.named))
    assert "\n" not in str(caught.value)


def test_columns_of_a_manifest_can_be_unclear_too(tmp_path: Path) -> None:
    """Of two known names for audio paths the user must choose one, or name any other column."""
    (path,) = audio_files(tmp_path, [ONE])
    rows = [{"audio": "raw.wav", "audio_filepath": path, "far": path, "text": "T", "duration": 1}]
    manifest = json_lines(tmp_path / "m.json", rows)
    with pytest.raises(SuiteError, match="2 possible audio columns: audio, audio_filepath"):
        open_corpus(CorpusSpec("m", manifest))
    assert (path,) == open_corpus(CorpusSpec("m", manifest, columns=Columns(audio="far"))).ids


def test_a_row_without_a_cell_is_named(tmp_path: Path) -> None:
    """Lines of JSON may differ in their keys; the error names the first incomplete one by its path or number."""
    (path,) = audio_files(tmp_path, [ONE])
    manifest = json_lines(tmp_path / "m.json", [{"audio_filepath": path, "text": "T"}, {"audio_filepath": "b"}])
    with pytest.raises(SuiteError, match="'m': the transcript of utterance 'b' is empty"):
        open_corpus(CorpusSpec("m", manifest))
    manifest = json_lines(tmp_path / "m.json", [{"audio_filepath": path, "text": "T"}, {"text": "b"}])
    with pytest.raises(SuiteError, match="audio of utterance '000001' is not a path but NoneType; a path"):
        open_corpus(CorpusSpec("m", manifest))


def test_the_option_is_read() -> None:
    """The option takes any of the four roles, in any order, with or without spaces."""
    assert Columns(audio="mic", text="my words") == Columns.parse("audio=mic, text = my words")
    assert Columns(id="a=b", speaker="s") == Columns.parse("speaker=s,id=a=b")
    assert Columns.of({"text": "t"}) == Columns.parse("text=t")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("audi=a", r"unknown key 'audi' \(did you mean 'audio'\?\); audio=NAME,text=NAME,id=NAME,speaker=NAME"),
        ("audio", "has a part without '=': 'audio'"),
        ("", "has a part without '=': ''"),
        ("audio=a,", "has a part without '=': ''"),
        ("text=", "has an empty name for 'text'"),
        ("text=a,text=b", "names 'text' twice"),
    ],
)
def test_a_wrong_option_is_refused(option: str, message: str) -> None:
    """The option is checked when it is parsed, before any corpus is opened."""
    with pytest.raises(SuiteError, match=message):
        Columns.parse(option)
