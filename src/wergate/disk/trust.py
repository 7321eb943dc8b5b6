"""Trust in the cache directory: whoever can write it decides what runs, so only its owner may.

The checksums of the store show damage. They have no secret: somebody who can write the directory can write a manifest
that fits. Compiled models of the cache are given to OpenVINO, which runs them.
"""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from wergate.errors import SuiteError

PRIVATE = 0o700
_ROOT = 0
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_SHARED = "name another with --cache-dir DIR, or use a cache of people that you trust with --shared-cache"


def require_trusted(folder: Path) -> bool:
    """Reject a cache directory that another user owns or can write; one that does not exist is accepted.

    The target of a symbolic link counts. The superuser may own the directory of anybody.

    Returns:
        True if the directory exists.

    Raises:
        SuiteError: it belongs to another user, or its group or others may write it.
    """
    try:
        status = folder.stat()
    except OSError:  # absent, or it cannot be written, which the store reports
        return False
    if status.st_uid not in {_ROOT, os.geteuid()}:
        raise SuiteError(
            f"cache directory '{folder}' belongs to user {_name(status.st_uid)}; one of your own, which only you can "
            f"write, is accepted; {_SHARED}"
        )
    if status.st_mode & _WRITABLE_BY_OTHERS:
        raise SuiteError(
            f"cache directory '{folder}' can be written by other users (mode {stat.S_IMODE(status.st_mode):04o}); one "
            f"that only you can write is accepted; if nobody has changed it, run: chmod go-w '{folder}'; else {_SHARED}"
        )
    return True


def _name(uid: int) -> str:
    try:
        return f"'{pwd.getpwuid(uid).pw_name}'"
    except KeyError:
        return str(uid)
