"""The artifact store: what is expensive is built once, under a key of everything it was made from.

An artifact is a folder. It is built under a temporary name, its files are checksummed in a manifest
and the folder is renamed into place under a file lock. A folder whose manifest or checksums do not
hold is never used: it is rebuilt, with a warning.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from wergate.errors import SuiteError

MANIFEST = "manifest.json"
_LOCK_PATIENCE_S = 2.0
_log = logging.getLogger(__name__)


class DamagedArtifactWarning(UserWarning):
    """An artifact in the store was not what its manifest says and has been rebuilt."""


@dataclass(frozen=True)
class Artifact:
    """A folder of the store that was built or found.

    Attributes:
        kind: what it is, as the first level of the store names it.
        key: SHA-256 over everything that it was made from.
        folder: where its files are.
        built: True where this process built it.
        seconds: what building it, or finding and checking it, took in this process.
        build_seconds: what building it took, whenever that was.
    """

    kind: str
    key: str
    folder: Path
    built: bool
    seconds: float
    build_seconds: float

    def file(self, name: str) -> Path:
        """Return the path of one of its files."""
        return self.folder / name


def content_key(parts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the parts in canonical JSON: the same parts, the same key."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text_digest(canonical)


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Store:
    """A cache directory of artifacts, shared by any number of processes."""

    def __init__(self, root: Path) -> None:
        """Take a directory; it is made when the first artifact is built."""
        self.root = root

    def get(self, kind: str, parts: Mapping[str, Any], build: Callable[[Path], None]) -> Artifact:
        """Return the artifact of these parts, building it where it is absent or damaged.

        Args:
            kind: the folder of the store, such as "fp16-ir".
            parts: JSON values that name everything the artifact depends on.
            build: writes the artifact's files into the empty folder it is given.

        Raises:
            SuiteError: the cache directory cannot be written.
        """
        started = time.perf_counter()
        key = content_key(parts)
        folder = self.root / kind / key[:32]
        if _defect(folder, kind, key) is None:
            return _found(folder, kind, key, started)
        with self._writing(), self._locked(kind, key):
            defect = _defect(folder, kind, key)
            if defect is None:
                return _found(folder, kind, key, started)
            if folder.exists():
                _warn_damaged(kind, folder, defect)
            self._build(kind, key, parts, build)
        seconds = time.perf_counter() - started
        return Artifact(kind, key, folder, built=True, seconds=seconds, build_seconds=seconds)

    def find(self, kind: str, key: str) -> Artifact | None:
        """Return an artifact by its key where it is there, whole; nothing is built."""
        folder = self.root / kind / key[:32]
        return _found(folder, kind, key, time.perf_counter()) if _defect(folder, kind, key) is None else None

    def _build(self, kind: str, key: str, parts: Mapping[str, Any], build: Callable[[Path], None]) -> None:
        """Build under a temporary name, then rename; the lock of the key is held."""
        folder = self.root / kind / key[:32]
        temporary = self.root / "tmp" / f"{kind}-{key[:32]}"
        shutil.rmtree(temporary, ignore_errors=True)  # a killed build's leavings: the lock says nobody is at it
        temporary.mkdir(parents=True)
        started = time.perf_counter()
        try:
            build(temporary)
            _write_manifest(temporary, kind, key, parts, time.perf_counter() - started)
            folder.parent.mkdir(parents=True, exist_ok=True)
            _remove(folder)
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    @contextlib.contextmanager
    def _locked(self, kind: str, key: str) -> Iterator[None]:
        """Hold the key's lock; say so when another process makes us wait."""
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(locks / f"{kind}-{key[:32]}.lock")
        try:
            lock.acquire(timeout=_LOCK_PATIENCE_S)
        except filelock.Timeout:
            _log.warning("waiting for another process that builds %s %s", kind, key[:8])
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn what the file system refuses into one line."""
        try:
            yield
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise SuiteError(
                f"cache directory '{self.root}' cannot be written: {reason}; a writable directory with room for "
                "the models is needed; free some space or name another with --cache-dir DIR"
            ) from error


def _remove(path: Path) -> None:
    """Remove what stands in the place of an artifact, a stray file included."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _found(folder: Path, kind: str, key: str, started: float) -> Artifact:
    build_seconds = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["build_seconds"]
    seconds = time.perf_counter() - started
    return Artifact(kind, key, folder, built=False, seconds=seconds, build_seconds=build_seconds)


def _write_manifest(folder: Path, kind: str, key: str, parts: Mapping[str, Any], seconds: float) -> None:
    files = {name: {"bytes": path.stat().st_size, "sha256": file_digest(path)} for name, path in _files(folder).items()}
    manifest = {"kind": kind, "key": key, "parts": parts, "build_seconds": seconds, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")


def _defect(folder: Path, kind: str, key: str) -> str | None:
    """Return why a folder cannot be trusted, or None where it can."""
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
    """Return what is wrong with the files, one that nobody listed included."""
    strangers = set(_files(folder)) - set(expected)
    if strangers:
        return f"{min(strangers)} is not in its manifest"
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
        return f"{path.name} has another checksum"
    return None


def _warn_damaged(kind: str, folder: Path, defect: str) -> None:
    warnings.warn(f"{kind} {folder.name[:8]} is damaged: {defect}; rebuilding it", DamagedArtifactWarning, stacklevel=4)


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
