"""Files of lines: synced once a second and at the end, and cut where a power cut tore them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.recorded_syncs import recorded_syncs
from wergate.disk.lines import LineFile

WHOLE = b'{"id": 1}\n{"id": 2}\n'
TORN = {
    "a part of a line": b'{"id"',
    "NUL bytes": bytes(4096),
    "a part of a line, then NUL bytes": b'{"id"' + bytes(300),
}


def test_lines_are_synced_once_a_second_and_at_the_end(tmp_path: Path) -> None:
    """The first append also syncs the folder, so that the file itself is not lost."""
    now_s = 100.0
    file = LineFile(tmp_path / "lines.jsonl", clock=lambda: now_s)
    with recorded_syncs() as record:
        for now_s in (100.0, 100.4, 100.9, 101.0, 101.1):  # noqa: B007 - the clock reads it
            file.append(b"line\n")
        appended = list(record.events)
        file.sync()
        file.sync()
    path = str(file.path)
    assert [("sync", path), ("sync", str(tmp_path)), ("sync", path)] == appended
    assert [("sync", path)] == record.events[len(appended) :]
    assert file.path.stat().st_size == record.sizes[path]


@pytest.mark.parametrize("tail", TORN.values(), ids=TORN)
@pytest.mark.parametrize("whole", [WHOLE, b""], ids=["lines", "no line"])
def test_a_torn_tail_is_not_read_and_then_cut(whole: bytes, tail: bytes, tmp_path: Path) -> None:
    """Whole lines before it stay, and the next line follows them."""
    file = LineFile(tmp_path / "lines.jsonl")
    file.path.write_bytes(whole + tail)
    assert whole.splitlines(keepends=True) == list(file.lines())
    assert whole + tail == file.path.read_bytes()
    assert whole + tail.rstrip(b"\0") == b"".join(file.raw())
    file.append(b'{"id": 3}\n')
    assert whole + b'{"id": 3}\n' == file.path.read_bytes()


def test_lines_with_nul_bytes_are_not_read(tmp_path: Path) -> None:
    """A power cut may lose a block of lines that were not synced, and keep later ones."""
    file = LineFile(tmp_path / "lines.jsonl")
    file.path.write_bytes(WHOLE + b'{"id"' + bytes(512) + b"}\n" + WHOLE)
    assert 2 * WHOLE.splitlines(keepends=True) == list(file.lines())
    assert [1, 2, 4, 5] == [number for number, _ in file.numbered()]
