"""Power cuts: recorded calls of a workload, replayed up to a cut on a disk that keeps only what was synced."""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.faults.disk_model import Disk, Write
from tests.faults.strace import ENDED_WELL, quiet, run
from tests.faults.trial import Bench
from tests.faults.workload import Progress, Workload, require

_ACKNOWLEDGED = "/acknowledged"
_CALLS = (
    "open,openat,close,write,pwrite64,lseek,ftruncate,sendfile,copy_file_range,rename,renameat,renameat2,mkdir,"
    "mkdirat,unlink,unlinkat,rmdir,fsync,fdatasync,access,faccessat,faccessat2"
)
_RECORD = ("-y", "-xx", "-s", "1000000", "-e", "trace=" + ",".join(f"?{name}" for name in _CALLS.split(",")))
_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)(.*)$")
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")
_QUOTED = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"(AT_FDCWD|\d+)<([^>]*)>")


class Marked(Progress):
    """Progress that leaves a mark in the record, by a call that changes nothing."""

    def done(self, steps: int) -> None:
        """Note and mark."""
        os.access(f"{_ACKNOWLEDGED}/{steps}", os.F_OK)
        super().done(steps)


class Replay:
    """Applies recorded calls to a disk.

    Attributes:
        disk: the disk.
        steps: how many steps were acknowledged so far.
    """

    def __init__(self, root: Path) -> None:
        """Start with what is in a folder now."""
        self.root, self.disk, self.steps = root, Disk(), 0
        self.disk.add_tree(root)
        self._open: dict[int, tuple[int, bool]] = {}  # descriptor: file, whether it appends
        self._offset: dict[int, int] = {}

    def apply(self, line: str) -> bool:
        """Apply a call, and return whether it changed or synced something."""
        found = _LINE.match(line)
        if not found:
            return False
        name, arguments, result, _ = found.groups()
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _QUOTED.findall(arguments)]
        if name.endswith("access") or name.startswith("faccessat"):
            self._acknowledge(texts)
            return False
        if int(result) < 0:
            return False
        handler: Callable[[str, list[bytes], int], bool] | None = getattr(self, f"_{_KINDS.get(name, name)}", None)
        return bool(handler and handler(arguments, texts, int(result)))

    def _acknowledge(self, texts: list[bytes]) -> None:
        if texts and texts[0].startswith(_ACKNOWLEDGED.encode()):
            self.steps = int(texts[0].rpartition(b"/")[2])

    def _paths(self, arguments: str, texts: list[bytes]) -> list[Path | None]:
        """Return the paths of a call relative to the root; None for those outside of it."""
        folders = [_plain(path) for _, path in _DESCRIPTOR.findall(arguments)] or [""]
        folders += folders[-1:] * len(texts)
        paths = [Path(folder, os.fsdecode(text)) for folder, text in zip(folders, texts, strict=False)]
        return [path.relative_to(self.root) if path.is_relative_to(self.root) else None for path in paths]

    def _openat(self, arguments: str, texts: list[bytes], result: int) -> bool:
        (path, *_) = self._paths(arguments, texts)
        self._open.pop(result, None)
        if path is None or not ("O_WRONLY" in arguments or "O_RDWR" in arguments):
            return False
        number, changed = self.disk.find(path), False
        if number is None:
            number, changed = self.disk.create(path), True
        elif "O_TRUNC" in arguments:
            self.disk.writes[number].append(Write(0, None))
            changed = True
        self._open[result], self._offset[result] = (number, "O_APPEND" in arguments), 0
        return changed

    def _close(self, arguments: str, _: list[bytes], __: int) -> bool:
        self._open.pop(int(arguments.partition("<")[0]), None)
        return False

    def _lseek(self, arguments: str, _: list[bytes], result: int) -> bool:
        self._offset[int(arguments.partition("<")[0])] = result
        return False

    def _write(self, arguments: str, texts: list[bytes], result: int) -> bool:
        return self._put(int(arguments.partition("<")[0]), texts[0][:result])

    def _sendfile(self, arguments: str, _: list[bytes], result: int) -> bool:
        (target, _path), (_other, source) = _DESCRIPTOR.findall(arguments)[:2]
        return self._put(int(target), Path(_plain(source)).read_bytes()[:result]) if result else False

    def _put(self, descriptor: int, data: bytes) -> bool:
        if descriptor not in self._open:
            return False
        number, appends = self._open[descriptor]
        if appends:
            self._offset[descriptor] = _size(self.disk.writes[number])
        self.disk.writes[number].append(Write(self._offset[descriptor], data))
        self._offset[descriptor] += len(data)
        return True

    def _ftruncate(self, arguments: str, _: list[bytes], __: int) -> bool:
        descriptor = int(arguments.partition("<")[0])
        number, _appends = self._open[descriptor]
        self.disk.writes[number].append(Write(int(arguments.rpartition(",")[2]), None))
        return True

    def _rename(self, arguments: str, texts: list[bytes], _: int) -> bool:
        old, new = self._paths(arguments, texts)
        if old is None or new is None:
            return False
        self.disk.rename(old, new, exchange="EXCHANGE" in arguments)
        return True

    def _mkdir(self, arguments: str, texts: list[bytes], _: int) -> bool:
        (path,) = self._paths(arguments, texts)
        if path is not None:
            self.disk.make_folder(path)
        return path is not None

    def _unlink(self, arguments: str, texts: list[bytes], _: int) -> bool:
        (path,) = self._paths(arguments, texts)
        if path is not None:
            self.disk.remove(path)
        return path is not None

    def _fsync(self, arguments: str, _: list[bytes], __: int) -> bool:
        path = Path(_plain(_DESCRIPTOR.findall(arguments)[0][1]))
        if path.is_relative_to(self.root):
            self.disk.sync(path.relative_to(self.root))
        return True


_KINDS = {
    "open": "openat",
    "pwrite64": "write",
    "copy_file_range": "sendfile",
    "fdatasync": "fsync",
    **dict.fromkeys(("renameat", "renameat2"), "rename"),
    **dict.fromkeys(("unlinkat", "rmdir"), "unlink"),
    "mkdirat": "mkdir",
}


def cuts(workload: Workload, scratch: Path, count: int, seed: int) -> tuple[int, list[str]]:
    """Cut the power so many times at random calls of a workload, and return the number and what was broken."""
    bench, source = Bench(workload, scratch), random.Random(seed)  # noqa: S311 - a schedule
    quiet()
    folder, log = bench.fresh(), scratch / "record"
    ending = run(lambda: workload.act(folder, Marked()), log=log, also=_RECORD)
    require(ending.code == ENDED_WELL, "I5", f"without a fault: {ending.said}")
    lines = log.read_text().splitlines()
    broken = []
    for number in range(count):
        cut = source.randrange(len(lines) + 1)
        folder = bench.fresh()
        replay = Replay(folder)
        for line in lines[:cut]:
            replay.apply(line)
        shutil.rmtree(folder)
        replay.disk.after_a_cut(folder, source)
        defect = bench.defect(folder, replay.steps, least=workload.synced(replay.steps))
        if defect:
            last = _HEX.sub(lambda found: _plain(found.group(0))[-60:], lines[cut - 1])[:200] if cut else "the start"
            broken.append(f"cut {number} after {last}: {defect}")
    return count, broken


def _plain(text: str) -> str:
    return _HEX.sub(lambda found: os.fsdecode(bytes.fromhex(found.group(0).replace("\\x", ""))), text)


def _size(writes: list[Write]) -> int:
    size = 0
    for write in writes:
        size = write.offset if write.data is None else max(size, write.offset + len(write.data))
    return size
