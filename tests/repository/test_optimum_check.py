"""The check of exported folders can fail; the comparison itself runs in `tox run -e optimum`."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.suite_run import ROOT
from tests.support.tiny import spoken, write_corpus


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As much of an export as is read before a model is loaded."""
    made = tmp_path / "model-int8"
    made.mkdir()
    (made / "openvino_model.bin").write_bytes(b"weights")
    results = {"variant": "int8", "ir": {"openvino_model.bin": hashlib.sha256(b"weights").hexdigest()}, "files": {}}
    (made / "results.json").write_text(json.dumps(results))
    return made


def checked(folder: Path, rows: list[dict[str, str]]) -> tuple[int, str]:
    """Run the check as tox does."""
    corpus = write_corpus(folder.parent / "corpus.parquet", spoken(range(2)))
    transcripts = folder.parent / "transcripts.jsonl"
    transcripts.write_text("".join(json.dumps(row) + "\n" for row in rows))
    script = str(ROOT / "tests" / "optimum" / "check_export.py")
    command = [sys.executable, script, str(folder), "--transcripts", str(transcripts), "--audio", str(corpus)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_weights_that_the_results_do_not_belong_to_are_not_loaded(folder: Path) -> None:
    """Checksums come first."""
    (folder / "openvino_model.bin").write_bytes(b"others")
    expected = "DIFFERS model-int8: checksums in results.json do not match openvino_model.bin\n"
    assert (1, expected) == checked(folder, [])


def test_nothing_compared_is_nothing_shown(folder: Path) -> None:
    """Transcripts of another IR, or of audio that is not given, do not make an OK."""
    code, line = checked(folder, [{"ir": "0" * 64, "audio": "", "id": "u0", "hypothesis": "A"}])
    assert (1, True) == (code, line.startswith("DIFFERS model-int8: no transcript of its IR in "))
