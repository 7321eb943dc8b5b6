"""Steps of a run, and the one line that replaces an exception of another library, of the memory or of the disk.

Every long step is named once, with `step`. An exception of another library that leaves the step becomes a `StepError`:
the step, what the library said in short, and what to do next. Exceptions of our own code pass: they are faults of ours,
and their traceback is needed.
"""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from wergate.errors import SuiteError

_PACKAGE = Path(__file__).parent
_SHOWN = 300  # characters of a foreign message
_RAISED_BY_BINDINGS = (MemoryError, OSError, RuntimeError)  # also without a frame of Python in the library
_NO_MEMORY = re.compile(
    r"bad_alloc|bad allocation|can ?not allocate|can't allocate|(?:unable|failed) to allocate|out of memory|"
    r"not enough memory|(?:mmap|allocation) failed|oom\b",
    re.IGNORECASE,
)
_FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
_FULL_DISK_TEXT = re.compile(r"no space left|disk quota exceeded|file too large|read-only file system", re.IGNORECASE)
_GONE = re.compile(r"can ?not open|could not open|unable to open|does not exist|no such file", re.IGNORECASE)
_KEPT = "finished builds are in the cache and are not repeated"


class StepError(SuiteError):
    """A step that cannot continue, because another library, the memory or the disk failed.

    Attributes:
        step: the step, with the model or layer that it was about.
    """

    def __init__(self, name: str, message: str) -> None:
        """Set the step along with the full message."""
        super().__init__(message)
        self.step = name


@contextmanager
def step(name: str) -> Iterator[None]:
    """Name a step; an exception of another library that leaves it becomes a `StepError`.

    Args:
        name: the step and its object, such as "quantization of 'embedded' with nncf".

    Raises:
        StepError: another library, the memory or the disk failed; the innermost step is named.
    """
    try:
        yield
    except SuiteError:
        raise
    except Exception as error:
        if not is_foreign(error):
            raise
        raise stopped(name, error) from error


def stopped(name: str, error: BaseException) -> StepError:
    """Return the one line for an exception in a step: what was said in short, and what to do next."""
    return StepError(name, f"{name} stopped: {said(error)}; {_remedy(error)}")


def is_foreign(error: BaseException, *ours: Path) -> bool:
    """Return whether an exception is another library's, the memory's or the disk's, and no fault of our own code.

    Args:
        error: the exception.
        ours: folders of our own code in addition to this package.
    """
    if isinstance(error, _RAISED_BY_BINDINGS):
        return True
    if isinstance(error, BaseExceptionGroup):
        return any(is_foreign(inner, *ours) for inner in error.exceptions)
    known = type(error).__module__ in {"builtins", "__main__"} or type(error).__module__.startswith("wergate")
    return not known or not _raised_in(error.__traceback__, (_PACKAGE, *ours))


def _raised_in(traceback: TracebackType | None, folders: Iterable[Path]) -> bool:
    """Return whether the innermost frame of a traceback is code below one of the folders."""
    return traceback is None or any(Path(place_of(traceback)[0]).is_relative_to(folder) for folder in folders)


def place_of(traceback: TracebackType) -> tuple[str, int]:
    """Return file and line of the innermost frame of a traceback."""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_filename, traceback.tb_lineno


def said(error: BaseException) -> str:
    """Return in one line what an exception says, without locations in the code of its library."""
    if isinstance(error, BaseExceptionGroup) and error.exceptions:
        return said(error.exceptions[0])
    if isinstance(error, SuiteError):
        return str(error)
    if isinstance(error, MemoryError):
        return "out of memory"
    if isinstance(error, OSError) and error.errno:
        place = f": '{error.filename}'" if error.filename else ""
        return f"{os.strerror(error.errno)}{place}"
    text = _essence(str(error))
    if _NO_MEMORY.search(str(error)):
        return f"out of memory ({text})"
    name = type(error).__name__
    return text if type(error) is RuntimeError and text else f"{name}: {text}" if text else name


def end_of(code: int) -> str:
    """Return how a process ended, by its exit code; the kernel kills a process with SIGKILL if memory is short."""
    if code >= 0:
        return f"its process ended with code {code}"
    name = signal.Signals(-code).name if -code in {*signal.Signals} else f"signal {-code}"
    return f"its process was killed by {name}{', as the kernel does if memory is short' if name == 'SIGKILL' else ''}"


def _essence(text: str) -> str:
    """Return the line of a message that has the reason.

    OpenVINO puts it last, behind the locations in its code; TorchScript, behind a traceback. All others begin with it.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    last = lines[0].startswith(("Exception from ", "Check '", "The following operation failed", "Traceback"))
    line = re.sub(r"^\[ONNXRuntimeError\] : \d+ : ", "", lines[-1] if last else lines[0])
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."


def lacks_memory(error: BaseException) -> bool:
    """Return whether an exception says that memory is short; the model is then not to blame."""
    short = isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM
    return short or bool(_NO_MEMORY.search(str(error)))


def _remedy(error: BaseException) -> str:
    """Return what to do next."""
    text, number = str(error), getattr(error, "errno", None)
    if lacks_memory(error):
        return f"free some memory, or need less of it (--limit N, --shapes dynamic), and run again: {_KEPT}"
    if number in _FULL_DISK or _FULL_DISK_TEXT.search(text):
        return f"free some space, or name other folders with --cache-dir DIR and TMPDIR, and run again: {_KEPT}"
    if isinstance(error, FileNotFoundError) or _GONE.search(text):
        return f"a file was removed or changed during the run: restore it, and run again: {_KEPT}"
    return "try another model, --quantizer or version of the library, or report it with the traceback of --details"
