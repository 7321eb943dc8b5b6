"""Pointers of Git LFS: small text files in place of files that were not fetched."""

from __future__ import annotations

from pathlib import Path

from wergate.errors import SuiteError

REMEDY = "it is a pointer of Git LFS, in place of the file itself; fetch it with `git lfs pull`"
_START = b"version https://git-lfs"


def is_pointer(content: bytes | Path) -> bool:
    """Return whether a file, or its content, is a pointer."""
    if isinstance(content, bytes):
        return content.startswith(_START)
    try:
        with content.open("rb") as file:
            return is_pointer(file.read(len(_START)))
    except OSError:
        return False


def require_content(path: Path) -> None:
    """Raise an error if a file is a pointer.

    Raises:
        SuiteError: it is one.
    """
    if is_pointer(path):
        raise SuiteError(f"file '{path}' cannot be read: {REMEDY}")
