"""`wergate report RUN` makes the page of a run folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.generated_run import make_run
from wergate.cli.main import main


def test_it_makes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Into the run folder, or where --out says; both are the same page."""
    folder = make_run(tmp_path / "kept", count=3, audio=False).folder
    assert 0 == main(["report", str(folder)])
    assert f"page: {folder / 'report.html'}" in capsys.readouterr().out
    assert 0 == main(["report", str(folder), "--out", str(tmp_path / "page.html")])
    assert (folder / "report.html").read_bytes() == (tmp_path / "page.html").read_bytes()


def test_a_folder_without_a_run_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what is missing."""
    assert 4 == main(["report", str(tmp_path)])
    assert "has no results.json, so it holds no run; name a folder that --run wrote" in capsys.readouterr().err
