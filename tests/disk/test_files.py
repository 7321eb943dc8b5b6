"""Files: old or new after a power cut, and changed by one process at a time."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.recorded_syncs import recorded_syncs
from wergate.disk.files import append_to_file, change_file, replace_file, replacing
from wergate.errors import SuiteError

SRC = Path(__file__).parents[2] / "src"


def test_a_file_is_synced_before_it_gets_its_name(tmp_path: Path) -> None:
    """A rename that reaches the disk before the content would leave an empty file."""
    with recorded_syncs() as record:
        replace_file(tmp_path / "results.json", "new", what="results")
    temporary = f".{os.getpid()}-results.json"
    assert [("sync", temporary), ("rename", "results.json"), ("sync", ".")] == record.of(tmp_path)
    assert len("new") == record.sizes[str(tmp_path / temporary)]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT], ids=errno.errorcode.get)
def test_a_failed_sync_leaves_the_old_file(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk may report only at the sync that it has not taken the content."""

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    path = tmp_path / "results.json"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(SuiteError, match=f"'{path}' cannot be written: {os.strerror(number)}; correct --results"):
        replace_file(path, "new", what="results")
    assert ["results.json"] == [path.name for path in tmp_path.iterdir()]
    assert "old" == path.read_text()


def test_what_cannot_be_synced_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems refuse to sync folders; they keep the order of changes themselves."""

    def refuse(_: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", refuse)
    replace_file(tmp_path / "results.json", "new", what="results")
    assert "new" == (tmp_path / "results.json").read_text()


def test_a_text_is_appended_to_a_pipe() -> None:
    """A summary may go to the standard output, which cannot be synced."""
    reading, writing = os.pipe()
    append_to_file(Path(f"/proc/self/fd/{writing}"), "text", what="summary")
    assert b"text" == os.read(reading, 9)
    os.close(reading)
    os.close(writing)


def test_an_appended_text_is_synced(tmp_path: Path) -> None:
    """The summary is whole when the run ends."""
    path = tmp_path / "summary.md"
    path.write_text("earlier\n")
    with recorded_syncs() as record:
        append_to_file(path, "text\n", what="summary")
    assert "earlier\n\ntext\n" == path.read_text()
    assert {str(path): len("earlier\n\ntext\n")} == record.sizes


def test_an_interrupted_block_leaves_the_old_file(tmp_path: Path) -> None:
    """An exception removes the temporary file, whichever library was writing it."""
    path = tmp_path / "plot.png"
    path.write_text("old")

    def interrupted() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path] == list(tmp_path.iterdir())
    assert "old" == path.read_text()


def test_a_symbolic_link_stays(tmp_path: Path) -> None:
    """The file behind the link gets the content."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "link.json").symlink_to(tmp_path / "deep" / "file.json")
    replace_file(tmp_path / "link.json", "new", what="results")
    assert (tmp_path / "link.json").is_symlink()
    assert "new" == (tmp_path / "deep" / "file.json").read_text()


ADD = """
    import sys
    from pathlib import Path
    from wergate.disk.files import change_file

    path = Path(sys.argv[1])
    for number in range(100):
        change_file(path, lambda: (path.read_text() if path.exists() else "") + f"{sys.argv[2]} {number},", what="x")
"""


def test_no_change_of_another_process_is_lost(tmp_path: Path) -> None:
    """Each change sees the ones before it."""
    path = tmp_path / "new" / "counts"
    command = [sys.executable, "-c", textwrap.dedent(ADD), str(path)]
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    processes = [subprocess.Popen([*command, name], env=environment) for name in ("a", "b", "c")]
    assert [0, 0, 0] == [process.wait(120) for process in processes]
    expected = {f"{name} {number}" for name in ("a", "b", "c") for number in range(100)}
    assert expected == set(path.read_text().strip(",").split(","))


def test_a_change_that_fails_leaves_the_file(tmp_path: Path) -> None:
    """An error of the change is passed on."""
    (tmp_path / "wer.json").write_text("edited")

    def refuse() -> str:
        raise SuiteError("edited by hand")

    with pytest.raises(SuiteError, match="edited by hand"):
        change_file(tmp_path / "wer.json", refuse, what="baselines")
    assert "edited" == (tmp_path / "wer.json").read_text()
    assert ["wer.json"] == [path.name for path in tmp_path.iterdir()]
