"""Folders that are built under a temporary name and then renamed: after a power cut they are whole or absent."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from wergate.disk.sync import sync_folder, sync_tree


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


def commit_folder(built: Path, target: Path) -> None:
    """Give a folder its final name: its content is synced before the rename, and its new parent after it.

    Args:
        built: the folder, with all its files, in the same file system.
        target: its new path; a folder there is replaced, and put back if the rename fails.

    Raises:
        OSError: a file cannot be synced, or the folder cannot be renamed.
    """
    previous = target.with_name(f".{os.getpid()}-{target.name}.previous")
    sync_tree(built)
    make_folder(target.parent)
    if target.exists():
        target.rename(previous)
    try:
        built.rename(target)
    except OSError:
        if previous.exists():
            previous.rename(target)
        raise
    sync_folder(target.parent)
    if previous.exists():
        shutil.rmtree(previous, ignore_errors=True)
