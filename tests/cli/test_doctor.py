"""`wergate doctor` says what is missing and what to do; its exit code says whether the suite can run."""

from __future__ import annotations

from pathlib import Path

import pytest

from wergate.cli import doctor
from wergate.cli.main import main
from wergate.environment.machine import version

TRIAL = doctor.Trial(audio_s=60.0, prepared_s=10.0, inference_s=2.0, wer=0.05, different=0)


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A wide terminal, and a transcription that takes no time."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr(doctor, "trial", lambda _: TRIAL)
    return monkeypatch


def report(cache: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, list[str]]]:
    """Return the exit code, and the cells of each line by its subject."""
    code = main(["doctor", "--cache-dir", str(cache)])
    lines = [line.strip("│").split("│") for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    return code, {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def without(*packages: str) -> object:
    """Return a lookup of versions that does not find some packages."""
    return lambda package: "absent" if package in packages else version(package)


def test_a_machine_that_is_ready(
    tmp_path: Path, pretended: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every subject has a line, and the time for an hour follows from the transcription."""
    del pretended
    code, lines = report(tmp_path / "cache", capsys)
    assert 0 == code
    assert {"CPU", "instructions", "memory", "openvino", "onnxruntime", "torch", "nncf", "cache"} <= set(lines)
    assert "WER 5.0%" in lines["transcription"][0]
    assert lines["to expect"][0].startswith("2.0 min for an hour of speech")
    assert [] == list(tmp_path.iterdir())


def test_missing_extras_are_named(
    tmp_path: Path, pretended: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with its command; ONNX files and candidates still run, so the code is 0."""
    pretended.setattr(doctor, "version", without("torch", "transformers", "nncf"))
    code, lines = report(tmp_path, capsys)
    assert 0 == code
    assert lines["torch"][1].endswith("pip install 'wergate[pytorch]'")
    assert lines["nncf"][1].endswith("pip install 'wergate[quantize]'")
    assert lines["transcription"][0].startswith("not tried")


def test_a_broken_installation(
    tmp_path: Path, pretended: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without OpenVINO nothing runs, and nothing is transcribed."""
    pretended.setattr(doctor, "version", without("openvino"))
    code, lines = report(tmp_path, capsys)
    assert (1, "install wergate again") == (code, lines["openvino"][1])
    assert "transcription" not in lines


def test_other_transcripts_break_it(
    tmp_path: Path, pretended: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """OpenVINO computes something else here than PyTorch."""
    pretended.setattr(doctor, "trial", lambda _: doctor.Trial(60.0, 10.0, 2.0, 0.5, different=3))
    code, lines = report(tmp_path, capsys)
    assert 1 == code
    assert "3 transcripts differ" in lines["transcription"][1]
