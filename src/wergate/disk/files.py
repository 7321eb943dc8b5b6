"""Files of a run: replaced whole, changed by one process at a time, or appended to.

After a killed process or a power cut, a replaced file has its old content or its new one, never a part.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from wergate.disk.folders import make_folder
from wergate.disk.sync import sync_file, sync_folder, sync_path
from wergate.errors import SuiteError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file, which replaces a file when the block ends without an error.

    The temporary file is in the same folder and has the same suffix. It is synced before the rename, and the folder
    after it. A symbolic link stays, and its target is replaced.

    Raises:
        OSError: the file cannot be written; the old one is unchanged, and the temporary one is removed.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{os.getpid()}-{target.name}")
    try:
        yield temporary
        sync_path(temporary)
        temporary.replace(target)
        sync_folder(target.parent)
    except BaseException:
        with contextlib.suppress(OSError):  # a file system that is read-only refuses this too
            temporary.unlink(missing_ok=True)
        raise


def replace_content(path: Path, content: str | bytes) -> None:
    """Replace a file atomically.

    Args:
        path: the file.
        content: its new content; a text is written as UTF-8.

    Raises:
        OSError: the file cannot be written; the old one is unchanged.
    """
    with replacing(path) as temporary:
        write_part(temporary, content)


def create_content(path: Path, content: str) -> bool:
    """Create a file with its whole content, unless it exists: one of several writers succeeds.

    The content is written to a temporary file, synced, and linked to the final name. The folder is synced after it.

    Args:
        path: the file; its folder exists.
        content: its content, written as UTF-8.

    Returns:
        True if the file was created; False if it exists already, and is unchanged.

    Raises:
        OSError: the file cannot be written.
    """
    temporary = path.with_name(f".{os.getpid()}-{secrets.token_hex(4)}-{path.name}")
    try:
        write_part(temporary, content)
        sync_path(temporary)
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def write_part(path: Path, content: str | bytes) -> None:
    """Write a file of a folder that `commit_folder` syncs later, or that is deleted again.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def remove_file(path: Path) -> None:
    """Remove a file if it is there, and sync its folder, so that later files do not reach the disk before that.

    Raises:
        OSError: it cannot be removed.
    """
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def replace_file(path: Path, text: str, *, what: str) -> None:
    """Replace a file atomically, so that an error leaves the old file unchanged.

    Args:
        path: the file.
        text: its new content, written as UTF-8.
        what: name of the file in messages, and of the option that sets its path.

    Raises:
        SuiteError: the file cannot be written.
    """
    try:
        replace_content(path, text)
    except OSError as error:
        raise _unwritable(path, what, error) from error


def change_file(path: Path, change: Callable[[], str], *, what: str) -> None:
    """Replace a file by a text that follows from its present content, one process at a time.

    Args:
        path: the file; its folder is made if it is absent.
        change: reads the present file, and returns the new content; called while no other process changes a file of
            this folder.
        what: as in `replace_file`.

    Raises:
        SuiteError: the file cannot be written, or what `change` raises.
    """
    with writing(path, what=what), _locked(path.parent):
        replace_content(path, change())


def append_to_file(path: Path, text: str, *, what: str, apart: bool = True) -> None:
    """Append a text to a file and sync it.

    Args:
        path: the file, created if it does not exist.
        text: text to append, written as UTF-8.
        what: name of the file in messages, and of the option that sets its path.
        apart: separate the text from earlier ones by a blank line.

    Raises:
        SuiteError: the file cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"\n{text}" if apart and os.fstat(stream.fileno()).st_size else text)
            stream.flush()
            sync_file(stream.fileno())
    except OSError as error:
        raise _unwritable(path, what, error) from error


@contextlib.contextmanager
def writing(path: Path, *, what: str) -> Iterator[None]:
    """Make the folder of a file, and turn an error of the file system while it is written into one line.

    Args:
        path: the file, or one of several in its folder.
        what: as in `replace_file`.

    Raises:
        SuiteError: the file cannot be written.
    """
    try:
        make_folder(path.parent)
        yield
    except OSError as error:
        raise _unwritable(path, what, error) from error


def require_writable(path: Path, *, what: str) -> None:
    """Reject a file whose folder is, or would be made, where nothing can be written, as in a read-only checkout.

    Args:
        path: the file.
        what: as in `replace_file`.

    Raises:
        SuiteError: the file cannot be written.
    """
    existing = next(folder for folder in path.absolute().parents if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        read_only = os.statvfs(existing).f_flag & os.ST_RDONLY
        number = errno.EROFS if read_only else errno.EACCES
        raise _unwritable(path, what, OSError(number, os.strerror(number)))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, so that other processes change no file of it; no lock file is left there."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _unwritable(path: Path, what: str, error: OSError) -> SuiteError:
    return SuiteError(f"{what} file '{path}' cannot be written: {error.strerror or error}; correct --{what}")
