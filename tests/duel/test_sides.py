"""Sides of a duel as people write them, and transcripts that are there already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wergate.duel.side import SideSpec, parse_side
from wergate.duel.transcripts import StoredTranscripts, read_transcripts
from wergate.environment.machine import version
from wergate.errors import SuiteError

SILENCE = np.zeros(160, np.float32)


def test_an_environment_names_its_packages() -> None:
    """A package without a version has that of this run."""
    assert ("openvino==2025.4.1",) == parse_side("openvino==2025.4.1").requirements
    assert ("openvino==2025.4.1", "nncf==3.0.0") == parse_side("openvino==2025.4.1+nncf==3.0.0").requirements
    assert (f"openvino=={version('openvino')}",) == parse_side("openvino").requirements


def test_a_folder_with_an_ir_is_an_ir(tmp_path: Path) -> None:
    """The `.xml` decides; a folder without one is a checkpoint."""
    (tmp_path / "model.xml").touch()
    (tmp_path / "model.bin").touch()
    for given in (tmp_path, tmp_path / "model.xml"):
        assert ("ir", str(tmp_path / "model.xml")) == (parse_side(str(given)).kind, parse_side(str(given)).value)
    empty = tmp_path / "checkpoint"
    empty.mkdir()
    assert SideSpec(str(empty), "model", value=str(empty)) == parse_side(str(empty))


def test_other_sides() -> None:
    """A program keeps its arguments, and anything else is a model of the suite."""
    assert SideSpec("exec:cat -n", "exec", value="cat -n") == parse_side("exec:cat -n")
    assert "model" == parse_side("facebook/data2vec-audio-base-960h").kind


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("openvino==2025.4.1+torch==2.0", "'torch==2.0', which no environment can have"),
        ("openvino==newest", "'openvino==newest', which no environment can have; "),
        ("openvinoo==2025.4.1", "which no environment can have .did you mean 'openvino'"),
        ("nncf==3.0.0", "has no openvino"),
        ("openvino==2025.4.1+openvino==2024.6.0", "'openvino==2024.6.0', which no environment can have"),
        ("exec:", "names no command"),
        ("exec:cat 'open", "cannot be read as a command"),
        ("transcripts:absent.jsonl", "has no file 'absent.jsonl'"),
        ("absent.xml", "is not an OpenVINO IR"),
        ("", "a side is empty"),
    ],
)
def test_other_texts_are_refused(text: str, said: str) -> None:
    """One line says what is wrong."""
    with pytest.raises(SuiteError, match=said):
        parse_side(text)


def test_transcripts_are_looked_up_by_id(tmp_path: Path) -> None:
    """Empty lines do not count; an utterance without a transcript is named."""
    file = tmp_path / "texts.jsonl"
    file.write_text('{"id": "a", "text": "ONE"}\n\n{"id": "b", "text": "", "score": 1}\n')
    side = StoredTranscripts(read_transcripts("B", file))
    assert ["ONE", ""] == [side.answer(name, SILENCE).text for name in ("a", "b")]
    with pytest.raises(SuiteError, match="have none of 'c'"):
        side.answer("c", SILENCE)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "a"}', "line 2: .* holds no transcript"),
        ("no JSON", "line 2: 'no JSON' holds no transcript"),
        ('{"id": 7, "text": "SEVEN"}', "line 2: `id` and `text` must be strings"),
        ('{"id": "first", "text": "TWO"}', "line 2: 'first' has a second transcript"),
    ],
)
def test_a_line_that_is_no_transcript_is_named(line: str, said: str, tmp_path: Path) -> None:
    """File, line and what is accepted."""
    file = tmp_path / "texts.jsonl"
    file.write_text(f'{{"id": "first", "text": "ONE"}}\n{line}\n')
    with pytest.raises(SuiteError, match=said):
        read_transcripts("B", file)
