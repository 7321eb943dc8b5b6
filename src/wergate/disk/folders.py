"""Folders that are built under a temporary name and then renamed: after a power cut they are whole or absent."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from wergate.disk.sync import sync_folder, sync_tree

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE
_CANNOT_EXCHANGE = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder and its parents, and sync their names.

    Args:
        path: the folder; it may exist.
        mode: permissions of this folder if it is made, less the umask; its parents get the usual ones.

    Raises:
        OSError: it cannot be made.
    """
    if path.is_dir():
        return
    try:
        path.mkdir(mode=mode, exist_ok=True)
    except FileNotFoundError:
        make_folder(path.parent)
        path.mkdir(mode=mode, exist_ok=True)
    sync_folder(path.parent)


@contextlib.contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder with a hidden name, which replaces a folder when the block ends without an error.

    A lock is held on the new folder. One without a lock is what a killed process left, and the next call removes it.

    Raises:
        OSError: a file cannot be written or synced; the earlier folder is unchanged.
    """
    _remove_abandoned(target)
    built = target.with_name(f".{target.name}.{os.getpid()}")
    make_folder(built)
    descriptor = os.open(built, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock_now(descriptor)
        yield built
        commit_folder(built, target)
    finally:
        shutil.rmtree(built, ignore_errors=True)
        os.close(descriptor)


def commit_folder(built: Path, target: Path) -> None:
    """Give a folder its final name: its content is synced before the rename, and its new parent after it.

    A folder that is there is exchanged with the new one in one step. Where a file system cannot do that, it is moved
    away first, and put back if the rename fails.

    Args:
        built: the folder, with all its files, in the same file system.
        target: its new path; a folder there is replaced.

    Raises:
        OSError: a file cannot be synced, or the folder cannot be renamed.
    """
    sync_tree(built)
    make_folder(target.parent)
    if not target.exists():
        built.rename(target)
        sync_folder(target.parent)
    elif _exchange(built, target):
        sync_folder(target.parent)
        shutil.rmtree(built, ignore_errors=True)
    else:
        _replace_in_two_steps(built, target)


def _replace_in_two_steps(built: Path, target: Path) -> None:
    previous = target.with_name(f".{os.getpid()}-{target.name}.previous")
    target.rename(previous)
    try:
        built.rename(target)
    except OSError:
        previous.rename(target)
        raise
    sync_folder(target.parent)
    shutil.rmtree(previous, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two folders in one step; return False where the system or the file system cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # a C library without the call
        return False
    done = rename(_HERE, os.fsencode(one.absolute()), _HERE, os.fsencode(other.absolute()), _EXCHANGE)
    if done and ctypes.get_errno() not in _CANNOT_EXCHANGE:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))
    return not done


def _remove_abandoned(target: Path) -> None:
    """Remove the hidden folders of killed processes: no process holds a lock on them."""
    name = re.compile(rf"\.{re.escape(target.name)}\.\d+")
    found = target.parent.iterdir() if target.parent.is_dir() else ()
    for path in [path for path in found if name.fullmatch(path.name) and path.is_dir() and not path.is_symlink()]:
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if _lock_now(descriptor):
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)


def _lock_now(descriptor: int) -> bool:
    """Lock an open folder, and return whether this process has the lock now; a file system may have no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
