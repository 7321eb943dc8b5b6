"""Folders: whole under their final name, or absent."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.support.recorded_syncs import recorded_syncs
from wergate.disk import folders
from wergate.disk.folders import commit_folder, make_folder, replacing_folder
from wergate.store import Store


def build(folder: Path) -> None:
    """Write two files."""
    (folder / "deep").mkdir()
    (folder / "deep" / "model.bin").write_text("weights")
    (folder / "model.xml").write_text("<net/>")


def test_everything_is_synced_before_the_rename(tmp_path: Path) -> None:
    """Files, then the folders that name them, then the rename, then the folder that it is in."""
    (tmp_path / "new").mkdir()
    build(tmp_path / "new")
    with recorded_syncs() as record:
        commit_folder(tmp_path / "new", tmp_path / "kind" / "key")
    assert [
        ("sync", "new/deep/model.bin"),
        ("sync", "new/deep"),
        ("sync", "new/model.xml"),
        ("sync", "new"),
        ("sync", "."),  # the folder "kind" is new
        ("rename", "kind/key"),
        ("sync", "kind"),
    ] == record.of(tmp_path)


def test_an_artifact_and_its_manifest_are_synced(tmp_path: Path) -> None:
    """No file of an artifact is synced after the rename, and all are before."""
    with recorded_syncs() as record:
        artifact = Store(tmp_path / "cache").get("ir", {"x": 1}, build)
    events = record.of(tmp_path / "cache")
    folder = os.path.relpath(artifact.folder, tmp_path / "cache")
    before = {path for kind, path in events[: events.index(("rename", folder))] if kind == "sync"}
    temporary = f"tmp/{folder.replace('/', '-')}"
    names = ("deep/model.bin", "model.xml", "manifest.json", "deep")
    assert {temporary, *(f"{temporary}/{name}" for name in names)} <= before
    assert ("sync", "ir") == events[-1]


def test_a_folder_is_replaced(tmp_path: Path) -> None:
    """The earlier content goes, and nothing else stays."""
    for name in ("new", "key"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    commit_folder(tmp_path / "new", tmp_path / "key")
    assert [tmp_path / "key", tmp_path / "key" / "new"] == sorted(tmp_path.rglob("*"))


def test_a_failed_rename_puts_the_earlier_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export that cannot be replaced stays."""
    for name in ("new", "key"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    rename = os.rename

    def fail(old: Path, new: Path) -> None:
        if Path(old).name == "new":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rename(old, new)

    monkeypatch.setattr(folders, "_exchange", lambda *_: False)  # as on a file system that cannot
    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        commit_folder(tmp_path / "new", tmp_path / "key")
    assert ["key"] == [path.name for path in (tmp_path / "key").iterdir()]


def test_a_new_folder_is_synced_with_its_parents(tmp_path: Path) -> None:
    """The permissions are those of the last folder alone."""
    with recorded_syncs() as record:
        make_folder(tmp_path / "a" / "b" / "c", 0o700)
        make_folder(tmp_path / "a" / "b" / "c")
    assert [("sync", "."), ("sync", "a"), ("sync", "a/b")] == record.of(tmp_path)
    assert 0o700 == (tmp_path / "a" / "b" / "c").stat().st_mode & 0o777
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "a" / "b").stat().st_mode


def test_a_replaced_folder_is_never_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old and new change places in one step, so no call renames anything where the file system can exchange."""
    for name in ("new", "key"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    monkeypatch.setattr(os, "rename", lambda *_: pytest.fail("renamed"))
    commit_folder(tmp_path / "new", tmp_path / "key")
    assert [tmp_path / "key", tmp_path / "key" / "new"] == sorted(tmp_path.rglob("*"))


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """The folder of a process that still writes has a lock and stays; folders with other names stay too."""
    (tmp_path / ".key.123").mkdir()
    (tmp_path / ".key.mine").mkdir()
    with replacing_folder(tmp_path / "key") as first:
        first.rename(tmp_path / ".key.7")  # as if another process had made it
        with replacing_folder(tmp_path / "key") as second:
            assert [tmp_path / ".key.7", tmp_path / ".key.mine", second] == sorted(
                tmp_path.iterdir(), key=lambda path: (path == second, path)
            )
        (tmp_path / ".key.7").rename(first)
    assert [".key.mine", "key"] == sorted(path.name for path in tmp_path.iterdir())
