"""A child process that reads one hostile input: under limits of memory and time, and with its writes watched."""

from __future__ import annotations

import os
import resource
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from wergate.errors import SuiteError

MEMORY_BYTES = 1 << 30
CPU_S = 10
REFUSED, LEAKED, WROTE = 4, 1, 3
_PAGE_BYTES = resource.getpagesize()
_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "shutil.rmtree"}
_FROM_TO = {"os.rename", "os.link", "os.symlink"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def read(answer: Callable[[Path], object], folder: Path) -> None:
    """Give an input to the suite, and exit as the command does: 4 and one line for a mistake, 0 if it is accepted.

    Args:
        answer: what the suite does with the input.
        folder: the folder that holds the input, the only place where the child may write.
    """
    pa.allocate_buffer(1 << 16)  # Arrow maps a gigabyte of addresses at first use, and uses them later
    _limit()
    wrote: list[str] = []
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    sys.addaudithook(_watch(folder, wrote))
    code = _answered(answer, folder)
    if wrote:
        print("wrote elsewhere:", *wrote)
        code = WROTE
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10 > resident + MEMORY_BYTES:
        print("took more than 1 GB of memory")
        code = LEAKED
    sys.stdout.flush()
    os._exit(code)


def _answered(answer: Callable[[Path], object], folder: Path) -> int:
    try:
        answer(folder)
    except SuiteError as error:
        print(f"ERROR: {error}")
        return REFUSED
    except BaseException:  # noqa: BLE001 - whatever comes out is a defect, and the parent shows it
        traceback.print_exc(file=sys.stdout)
        return LEAKED
    return 0


def _limit() -> None:
    """Allow 1 GB more than the forked process has mapped, and 10 s of processor time."""
    mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * _PAGE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY_BYTES, mapped + MEMORY_BYTES))
    used_s = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
    resource.setrlimit(resource.RLIMIT_CPU, (used_s + CPU_S, used_s + CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(folder: Path, wrote: list[str]) -> Callable[[str, tuple[Any, ...]], None]:
    """Return a hook that notes every change of the file system outside of a folder."""
    root = os.path.realpath(folder)

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            changes = isinstance(path, str | bytes) and bool((flags or 0) & _WRITES)
            changes = changes or (isinstance(mode, str) and isinstance(path, str) and bool(set(mode) & set("wax+")))
        else:
            changes, path = event in _CHANGES, arguments[1 if event in _FROM_TO else 0] if arguments else ""
        if changes and not _below(root, path):
            wrote.append(f"{event} {path!r}")

    return note


def _below(root: str, path: Any) -> bool:
    place = os.path.realpath(os.fsdecode(path))
    return place == os.devnull or place.startswith(root + os.sep)
