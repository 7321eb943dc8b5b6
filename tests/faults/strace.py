"""Children under strace: one system call of theirs is killed, or fails.

A child is forked from a process that has imported everything, so it makes only the calls of its workload. It waits for
a signal until strace has attached, and then each of its calls counts.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import re
import shutil
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PATHS = (
    "open openat creat stat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat mkdir mkdirat rmdir "
    "unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat chmod fchmodat truncate statfs utimensat"
)
_DESCRIPTORS = (
    "close read pread64 write pwrite64 writev lseek fstat fchmod getdents64 ftruncate fsync fdatasync flock fcntl "
    "ioctl sendfile copy_file_range fstatfs"
)
CALLS = ",".join(f"?{name}" for name in f"{_PATHS} {_DESCRIPTORS}".split())  # "?": unknown ones are left out
_INJECTED = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\(INJECTED\)$", re.MULTILINE)
_ALARM_S = 30
_SAID_BYTES = 1 << 16
GO = signal.SIGUSR1
ENDED_WELL, REFUSED, CRASHED = 0, 13, 1


@dataclass(frozen=True)
class Ending:
    """The end of a child.

    Attributes:
        code: exit code; negative for a signal.
        said: the line of a refusal, or the traceback of another exception.
        call: the system call that was killed or failed; None if there was none.
    """

    code: int
    said: str
    call: str | None = None


def missing() -> str | None:
    """Return why children cannot be traced on this machine, or None."""
    if not shutil.which("strace"):
        return "strace is missing: apt-get install strace"
    probe = run(lambda: Path("/").stat(), inject=f"{CALLS}:signal=KILL:when=1", log=Path(os.devnull))
    return None if probe.code == -signal.SIGKILL else f"strace cannot attach here: {probe.said}"


class Child:
    """A forked child that waits for its start."""

    def __init__(self, work: Callable[[], object]) -> None:
        """Fork; the child does the work after `start`, and ends."""
        self._said = mmap.mmap(-1, _SAID_BYTES)
        signal.pthread_sigmask(signal.SIG_BLOCK, {GO})
        self.pid = os.fork()
        if not self.pid:
            _work(work, self._said)

    def start(self) -> None:
        """Let the child begin."""
        os.kill(self.pid, GO)

    def ended(self) -> Ending:
        """Wait for the end of the child."""
        _, status = os.waitpid(self.pid, 0)
        said = self._said[:].rstrip(b"\0").decode(errors="replace")
        self._said.close()
        return Ending(os.waitstatus_to_exitcode(status), said)


def run(
    work: Callable[[], object], *, inject: str | None = None, log: Path | None = None, also: tuple[str, ...] = ()
) -> Ending:
    """Do work in a child and return how it ended.

    Args:
        inject: what strace does to a call, as its option `-e inject=` takes it; None for no strace.
        log: file of the calls.
        also: further options of strace.
    """
    child = Child(work)
    if log is None:
        child.start()
        return child.ended()
    options = ["-e", f"trace={CALLS}", *also, *(["-e", f"inject={inject}"] if inject else [])]
    command = ["strace", "-f", "-p", str(child.pid), "-o", str(log), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as tracer:
        assert tracer.stderr
        first = tracer.stderr.readline()
        if "attached" not in first:
            os.kill(child.pid, signal.SIGKILL)
            return Ending(child.ended().code, first.strip() or "no answer", "unattached")
        child.start()
        ending = child.ended()
        tracer.stderr.read()
    return Ending(ending.code, ending.said, _injected(log, ending))


def _injected(log: Path, ending: Ending) -> str | None:
    """Return the call of a log that strace failed, or the last one if it was killed."""
    if not log.is_file():
        return None
    text = log.read_text(errors="replace")
    if ending.code == -signal.SIGKILL:
        calls = [line for line in text.splitlines() if "(" in line]
        return calls[-1].split(maxsplit=1)[-1][:160] if calls else "unknown"
    found = _INJECTED.search(text)
    return found.group(0)[:200] if found else None


def _work(work: Callable[[], object], said: mmap.mmap) -> None:
    """Be the child: wait, work, end without any of the parent's clean-up."""
    code, text = ENDED_WELL, ""
    try:
        gc.disable()
        signal.alarm(_ALARM_S)
        warnings.simplefilter("ignore")  # to print a warning, Python reads the source that caused it
        signal.sigwait({GO})
        work()
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent gets it
        code, text = _told(error)
    with contextlib.suppress(BaseException):
        data = text.encode(errors="replace")[-_SAID_BYTES:]
        said[: len(data)] = data
    os._exit(code)


def _told(error: BaseException) -> tuple[int, str]:
    if type(error).__name__ in {"SuiteError", "Broken"}:
        return REFUSED, str(error)
    return CRASHED, "".join(traceback.format_exception(error))


def quiet() -> None:
    """Prepare this process for many forks."""
    gc.collect()
    gc.freeze()
    sys.stdout.flush()
    sys.stderr.flush()
