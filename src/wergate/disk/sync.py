"""Syncing: each function returns when the disk has the data, and not before.

A rename without a sync survives a killed process, but not a power cut: the new name may then have an empty file.
`docs/reliability.md` states which files are synced, when, and what it costs.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

_CANNOT_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP})


def sync_file(descriptor: int) -> None:
    """Wait until the content of an open file is on the disk.

    Raises:
        OSError: the disk did not take it, for example because it is full.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        # A pipe, a terminal and the folders of some file systems cannot be synced, and need not be.
        if error.errno not in _CANNOT_SYNC:
            raise


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk; a folder that may be written and not read is left out.

    Raises:
        OSError: the folder cannot be opened, or the disk did not take it.
    """
    with contextlib.suppress(PermissionError):
        sync_path(path)


def sync_path(path: Path) -> None:
    """Wait until the content of a file, or the names in a folder, are on the disk.

    Raises:
        OSError: the path cannot be opened, or the disk did not take it.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Sync all files below a folder, then the folders, the innermost first, then the folder itself.

    Raises:
        OSError: a path cannot be opened, or the disk did not take it.
    """
    for parent, _, names in os.walk(folder, topdown=False):
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():  # a pipe would wait for its other end
                sync_path(path)
        sync_path(Path(parent))
