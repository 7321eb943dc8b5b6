"""Whatever a file holds, reading it gives a value or a SuiteError, and no other exception."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from wergate.config.loading import load_config
from wergate.errors import SuiteError
from wergate.evaluation.transcript_file import TranscriptFile
from wergate.models.label_files import LABEL_FILES, find_label_files
from wergate.models.onnx_file import OnnxOptions, open_onnx

ROOT = Path(__file__).parents[2]
FEW = settings(max_examples=25, deadline=None, derandomize=True, database=None)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
JSON = VALUES.map(lambda value: json.dumps(value).encode())
BYTES = st.binary(max_size=64) | st.text(max_size=64).map(str.encode)


@FEW
@given(name=st.sampled_from(LABEL_FILES), content=JSON | BYTES)
def test_label_files(name: str, content: bytes) -> None:
    """Of every name."""
    with TemporaryDirectory() as folder, suppress(SuiteError):
        (Path(folder) / name).write_bytes(content)
        find_label_files(Path(folder) / "model.onnx").read()


@FEW
@given(
    content=BYTES
    | st.tuples(
        st.sampled_from(["model", "corpus", "thresholds", "models", "seed", "corpora", "cache_dir"]), VALUES
    ).map(lambda pair: f"{pair[0]} = {json.dumps(pair[1])}".encode())
)
def test_suite_files(content: bytes) -> None:
    """Bytes, and values of a wrong kind at known keys."""
    with TemporaryDirectory() as folder, suppress(SuiteError):
        path = Path(folder) / "mine.toml"
        path.write_bytes(content)
        load_config(path, {}, base=ROOT / "suite.toml")


@FEW
@given(content=BYTES)
def test_onnx_files(content: bytes) -> None:
    """Bytes that are rarely a network."""
    with TemporaryDirectory() as folder, suppress(SuiteError):
        (Path(folder) / "vocab.json").write_text('{"A": 0}')
        (Path(folder) / "model.onnx").write_bytes(content)
        open_onnx(Path(folder) / "model.onnx", OnnxOptions())


@FEW
@given(rest=st.dictionaries(st.sampled_from(["model", "id", "logits", "notes", "checksum"]), VALUES))
def test_transcripts(rest: dict[str, object]) -> None:
    """Lines that begin as ours do."""
    with TemporaryDirectory() as folder, suppress(SuiteError):
        path = Path(folder) / "lines.jsonl"
        path.write_text(json.dumps({"wergate": "transcript/1", "x": 1} | rest) + "\n")
        list(TranscriptFile(path).lines())
