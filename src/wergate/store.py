"""The artifact store, which builds expensive artifacts once, under a key over everything that they depend on.

An artifact is a folder of files. It is built under a temporary name, a manifest records the checksums of
its files, and the folder is synced and renamed into place under a file lock. If a folder does not match its
manifest, it is never used: the store warns and rebuilds it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import filelock

from wergate.disk.files import replace_content, write_part
from wergate.disk.folders import commit_folder, make_folder
from wergate.disk.trust import PRIVATE, require_trusted
from wergate.errors import SuiteError

MANIFEST = "manifest.json"
_LOCK_PATIENCE_S = 2.0
_log = logging.getLogger(__name__)


class DamagedArtifactWarning(UserWarning):
    """An artifact did not match its manifest and has been rebuilt."""


@dataclass(frozen=True)
class Artifact:
    """A folder of the store, built now or found.

    Attributes:
        kind: first level of the store, such as "fp16-ir".
        key: SHA-256 over everything that the artifact depends on.
        folder: folder of its files.
        built: True if this call built it.
        seconds: time that this call took to build it, or to find and verify it.
        build_seconds: time that its build took, in whichever process that was.
        digest: SHA-256 over the names, sizes and checksums of its files.
    """

    kind: str
    key: str
    folder: Path
    built: bool
    seconds: float
    build_seconds: float
    digest: str = ""

    def file(self, name: str) -> Path:
        """Return the path of the file `name`."""
        return self.folder / name


def content_key(parts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the parts in canonical JSON, so that equal parts have equal keys."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text_digest(canonical)


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return bytes_digest(text.encode())


def bytes_digest(data: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Store:
    """A cache directory of artifacts, shared by any number of processes."""

    def __init__(self, root: Path, *, shared: bool = False) -> None:
        """Set the directory, which `prepare` or the first artifact creates.

        Args:
            root: the directory; if it is created, only its owner may enter it, unless it is shared.
            shared: accept a directory that other users own or may write.
        """
        self.root = Path(os.path.realpath(root))  # the directory that is checked, and not a link to it
        self._mode = 0o777 if shared else PRIVATE
        self._is_trusted = shared

    def prepare(self) -> None:
        """Make the directory if it is absent and can be made, and reject one that others own or can write.

        Raises:
            SuiteError: the directory belongs to another user, or its group or others may write it.
        """
        with contextlib.suppress(OSError):  # a run that finds all it needs writes nothing
            make_folder(self.root, self._mode)
        self.require_trusted()

    def require_trusted(self) -> None:
        """Reject a directory that another user owns or can write, unless it is shared; the first use does so too.

        Raises:
            SuiteError: the directory belongs to another user, or its group or others may write it.
        """
        if not self._is_trusted:
            self._is_trusted = require_trusted(self.root)

    def get(self, kind: str, parts: Mapping[str, Any], build: Callable[[Path], None]) -> Artifact:
        """Return the artifact of these parts, and build it if it is absent or damaged.

        Args:
            kind: first level of the store, such as "fp16-ir".
            parts: JSON values for everything that the artifact depends on.
            build: writes the artifact's files into the empty folder that it receives.

        Raises:
            SuiteError: the cache directory cannot be written, or another user owns it or can write it.
        """
        started = time.perf_counter()
        self.require_trusted()
        key = content_key(parts)
        folder = self.root / kind / key[:32]
        with self._writing():
            found = _usable(folder, kind, key, started)
            if found:
                return found
            with self._locked(kind, key):
                defect = _defect(folder, kind, key)
                if defect is None:
                    return _found(folder, kind, key, started)
                if folder.exists():
                    _warn_damaged(kind, folder, defect)
                self._build(kind, key, parts, build)
                built = _found(folder, kind, key, started)
        return replace(built, built=True, build_seconds=built.seconds)

    def rebuild(self, kind: str, parts: Mapping[str, Any], build: Callable[[Path], None]) -> None:
        """Build an artifact again, and replace the stored one.

        Args:
            kind, parts, build: as in `get`.

        Raises:
            SuiteError: the cache directory cannot be written, or another user owns it or can write it.
        """
        key = content_key(parts)
        with self._writing(), self._locked(kind, key):
            self._build(kind, key, parts, build)

    def find(self, kind: str, key: str) -> Artifact | None:
        """Return the artifact with this key, or None if it is absent or damaged; build nothing.

        Raises:
            SuiteError: another user owns the cache directory or can write it.
        """
        self.require_trusted()
        folder = self.root / kind / key[:32]
        return _usable(folder, kind, key, time.perf_counter())

    def defect(self, kind: str, key: str) -> str | None:
        """Return why there is no artifact with this key that can be used, or None if there is one.

        Raises:
            SuiteError: another user owns the cache directory or can write it.
        """
        self.require_trusted()
        return _defect(self.root / kind / key[:32], kind, key)

    def update(self, name: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        """Change a small JSON file of the cache directory, one process at a time, and return its new content.

        Args:
            name: name of the file without its suffix.
            change: returns the new content for the old one, which is empty if the file is absent or damaged.

        Raises:
            SuiteError: the cache directory cannot be written, or another user owns it or can write it.
        """
        path = self.root / f"{name}.json"
        with self._writing(), self._locked(name, "json"):
            before: dict[str, Any] = {}
            with contextlib.suppress(FileNotFoundError, ValueError):
                before = dict(json.loads(path.read_text(encoding="utf-8")))
            after = change(before)
            replace_content(path, json.dumps(after, indent=1, sort_keys=True))
        return after

    def _build(self, kind: str, key: str, parts: Mapping[str, Any], build: Callable[[Path], None]) -> None:
        """Build under a temporary name, then rename; the caller holds the lock of the key."""
        folder = self.root / kind / key[:32]
        temporary = self.root / "tmp" / f"{kind}-{key[:32]}"
        # A killed build may have left files here. Nobody is writing them, because this process holds the lock.
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        started = time.perf_counter()
        try:
            build(temporary)
            _write_manifest(temporary, kind, key, parts, time.perf_counter() - started)
            _remove(folder)
            commit_folder(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    @contextlib.contextmanager
    def _locked(self, kind: str, key: str) -> Iterator[None]:
        """Hold the key's lock, and log a warning if another process holds it for more than 2 s."""
        make_folder(self.root, self._mode)
        self.require_trusted()  # another user may have made it since
        locks = self.root / "locks"
        locks.mkdir(exist_ok=True)
        lock = filelock.FileLock(locks / f"{kind}-{key[:32]}.lock")
        try:
            lock.acquire(timeout=_LOCK_PATIENCE_S)
        except filelock.Timeout:
            _log.warning("waiting for another process to build %s %s", kind, key[:8])
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn an error in writing the cache directory into one line; a build may also fail on other files."""
        try:
            yield
        except OSError as error:
            if not self._concerns(error):
                raise
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise SuiteError(
                f"cache directory '{self.root}' cannot be written: {reason}; a writable directory with space for "
                "the models is needed; free some space or name another with --cache-dir DIR"
            ) from error

    def _concerns(self, error: OSError) -> bool:
        """Return whether an error is about a file of this directory, or names no file at all."""
        if not isinstance(error.filename, str | os.PathLike):
            return True
        if error.errno == errno.ENOENT and self.root.exists():
            return False  # a file that a build needs is gone; nothing was to be written
        path = Path(error.filename)  # without a folder if shutil.rmtree removes it
        return not path.is_absolute() or path.is_relative_to(self.root)


def _remove(path: Path) -> None:
    """Remove whatever is at the path of an artifact, a folder or a stray file."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _usable(folder: Path, kind: str, key: str, started: float) -> Artifact | None:
    """Return an artifact, or None if it is absent or damaged, or another process replaces it now."""
    if _defect(folder, kind, key) is not None:
        return None
    with contextlib.suppress(FileNotFoundError):
        return _found(folder, kind, key, started)
    return None


def _found(folder: Path, kind: str, key: str, started: float) -> Artifact:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    digest, build_seconds = content_key(manifest["files"]), manifest["build_seconds"]
    seconds = time.perf_counter() - started
    return Artifact(kind, key, folder, built=False, seconds=seconds, build_seconds=build_seconds, digest=digest)


def _write_manifest(folder: Path, kind: str, key: str, parts: Mapping[str, Any], seconds: float) -> None:
    files = {name: {"bytes": path.stat().st_size, "sha256": file_digest(path)} for name, path in _files(folder).items()}
    manifest = {"kind": kind, "key": key, "parts": parts, "build_seconds": seconds, "files": files}
    write_part(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))


def _defect(folder: Path, kind: str, key: str) -> str | None:
    """Return why a folder cannot be trusted, or None if it matches its manifest."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if (manifest["kind"], manifest["key"]) != (kind, key) or content_key(manifest["parts"]) != key:
            return "its manifest belongs to another artifact"
        float(manifest["build_seconds"])
        return _files_defect(folder, manifest["files"])
    except FileNotFoundError:
        return "its manifest is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"its manifest cannot be read ({error})"


def _files_defect(folder: Path, expected: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the first mismatch between the files and the manifest, including unlisted files, or None."""
    unlisted = set(_files(folder)) - set(expected)
    if unlisted:
        return f"{min(unlisted)} is not in its manifest"
    defects = (_file_defect(folder / name, properties) for name, properties in expected.items())
    return next((defect for defect in defects if defect), None)


def _files(folder: Path) -> dict[str, Path]:
    """Return an artifact's files by their names in the manifest."""
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path for name, path in found.items() if name != MANIFEST}


def _file_defect(path: Path, expected: Mapping[str, Any]) -> str | None:
    if not path.is_file():
        return f"{path.name} is missing"
    if path.stat().st_size != expected["bytes"]:
        return f"{path.name} has {path.stat().st_size} bytes, not {expected['bytes']}"
    if file_digest(path) != expected["sha256"]:
        return f"{path.name} does not match its checksum"
    return None


def _warn_damaged(kind: str, folder: Path, defect: str) -> None:
    warnings.warn(f"{kind} {folder.name[:8]} is damaged: {defect}; rebuilding it", DamagedArtifactWarning, stacklevel=4)
