"""The commands on the cache show its artifacts, and remove those that no run has used for some days."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from wergate.cli.main import main
from wergate.store import Store

DAY_S = 86_400


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with an artifact that was used now, one that was used 40 days ago, and another file."""
    store = Store(tmp_path / "cache")
    for kind, size, age_s in (("fp16-ir", 2_000_000, 0), ("int8-ir", 1_000_000, 40 * DAY_S)):
        folder = store.get(kind, {"size": size}, lambda path, size=size: _write(path, size)).folder  # type: ignore[misc]
        for path in folder.iterdir():
            os.utime(path, (time.time() - age_s,) * 2)
    (store.root / "compilations.json").write_text("{}")
    return store.root


def _write(folder: Path, size: int) -> None:
    (folder / "model.bin").write_bytes(bytes(size))


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the output of a command that succeeds."""
    assert 0 == main(["cache", *arguments])
    return capsys.readouterr().out


def kinds(cache: Path) -> list[str]:
    """Return the kinds that have an artifact."""
    return sorted(path.parent.parent.name for path in cache.glob("*/*/manifest.json"))


def test_the_list_shows_kinds(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With number, size and days since the last use."""
    shown = called(capsys, "list", "--cache-dir", str(cache))
    rows = [line.split() for line in shown.splitlines() if "-ir" in line]
    cells = {row[1]: [word for word in row if word[0].isdigit()] for row in rows}
    assert ["1", "2.0", "0", "0"] == cells["fp16-ir"]
    assert ["1", "1.0", "40", "40"] == cells["int8-ir"]


def test_the_size_is_that_of_the_artifacts(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In MB."""
    assert f"3.0 MB in {cache}\n" == called(capsys, "size", "--cache-dir", str(cache))


def test_a_dry_run_removes_nothing(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It counts what would go."""
    shown = called(capsys, "prune", "--cache-dir", str(cache), "--dry-run")
    assert "1 artifacts, 1.0 MB: would be removed\n" == shown
    assert ["fp16-ir", "int8-ir"] == kinds(cache)


def test_old_artifacts_are_removed(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After 30 days, or all of them; other files stay."""
    called(capsys, "prune", "--cache-dir", str(cache))
    assert ["fp16-ir"] == kinds(cache)
    called(capsys, "prune", "--cache-dir", str(cache), "--days", "0")
    assert [] == kinds(cache)
    assert (cache / "compilations.json").is_file()


def test_a_cache_that_does_not_exist_is_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And is not created."""
    assert "0.0 MB" in called(capsys, "size", "--cache-dir", str(tmp_path / "none"))
    assert [] == list(tmp_path.iterdir())
