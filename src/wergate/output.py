"""Files that a run leaves for others: written whole or not at all, or appended to what others wrote."""

from __future__ import annotations

import os
from pathlib import Path

from wergate.errors import SuiteError


def replace_file(path: Path, text: str, *, what: str) -> None:
    """Write a file whole or not at all; `what` is its name, and that of the option that says where it lies.

    Raises:
        SuiteError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unwritable(path, what, error) from error


def append_to_file(path: Path, text: str, *, what: str) -> None:
    """Append to a file, a blank line after what is there.

    Raises:
        SuiteError: the file cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"\n{text}" if os.fstat(stream.fileno()).st_size else text)
    except OSError as error:
        raise _unwritable(path, what, error) from error


def _unwritable(path: Path, what: str, error: OSError) -> SuiteError:
    return SuiteError(f"{what} file '{path}' cannot be written: {error.strerror}; correct --{what}")
