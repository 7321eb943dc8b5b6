"""Repositories of the hub server for tests: commits, branches and tags, and their descriptions in the hub's API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

Kind = Literal["model", "dataset"]
_LFS = (".safetensors", ".bin", ".parquet", ".model", ".flac", ".onnx")


def git_blob_id(data: bytes) -> str:
    """Return git's blob id of these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def sha256(data: bytes) -> str:
    """Return the SHA-256 of these bytes, which is their id in LFS."""
    return hashlib.sha256(data).hexdigest()


def is_lfs(path: str) -> bool:
    """Return True if the hub stores a file in LFS."""
    return path.endswith(_LFS)


def etag(path: str, data: bytes) -> str:
    """Return the ETag that the hub sends for a file."""
    return sha256(data) if is_lfs(path) else git_blob_id(data)


@dataclass(frozen=True)
class Commit:
    """The files of a repository at one commit, by path."""

    files: Mapping[str, bytes]

    @property
    def sha(self) -> str:
        """Commit id, which depends only on the files."""
        listing = json.dumps({path: sha256(data) for path, data in sorted(self.files.items())})
        return git_blob_id(listing.encode())


@dataclass(frozen=True)
class Repo:
    """A repository.

    Attributes:
        id: ORG/NAME.
        kind: "model" or "dataset".
        commits: all commits.
        refs: commit ids by branch, tag or full name such as "refs/convert/parquet".
        gated: True if only requests with the server's token may read the files.
    """

    id: str
    kind: Kind
    commits: tuple[Commit, ...]
    refs: Mapping[str, str]
    gated: bool = False

    def commit(self, revision: str) -> Commit | None:
        """Return the commit of a branch, a tag or a commit id."""
        sha = self.refs.get(revision, revision)
        return next((commit for commit in self.commits if commit.sha == sha), None)

    def with_commit(self, files: Mapping[str, bytes], *refs: str) -> Repo:
        """Return a copy with one more commit, to which the given references point."""
        commit = Commit(dict(files))
        return replace(self, commits=(*self.commits, commit), refs={**self.refs, **dict.fromkeys(refs, commit.sha)})


def repo(repo_id: str, files: Mapping[str, bytes] | Path, kind: Kind = "model") -> Repo:
    """Return a repository with one commit on main; its files are given, or are those of a folder."""
    if isinstance(files, Path):
        files = {str(p.relative_to(files)): p.read_bytes() for p in sorted(files.rglob("*")) if p.is_file()}
    return Repo(repo_id, kind, (), {}).with_commit(files, "main")


def entries(commit: Commit) -> list[dict[str, Any]]:
    """Return the folders and files of a commit as the hub's API lists them."""
    folders = sorted({str(parent) for path in commit.files for parent in Path(path).parents if str(parent) != "."})
    entries: list[dict[str, Any]] = [
        {"type": "directory", "oid": git_blob_id(name.encode()), "size": 0, "path": name} for name in folders
    ]
    for path, data in commit.files.items():
        entry: dict[str, Any] = {"type": "file", "oid": git_blob_id(data), "size": len(data), "path": path}
        lfs = {"oid": sha256(data), "size": len(data), "pointerSize": 134}
        entries.append(entry | ({"lfs": lfs} if is_lfs(path) else {}))
    return entries


def info(each: Repo, commit: Commit) -> dict[str, Any]:
    return {
        "_id": git_blob_id(each.id.encode())[:24],
        "id": each.id,
        "sha": commit.sha,
        "private": False,
        "gated": "manual" if each.gated else False,
        "disabled": False,
        "tags": [],
        "downloads": 0,
        "likes": 0,
        "lastModified": "2024-01-01T00:00:00.000Z",
        "createdAt": "2024-01-01T00:00:00.000Z",
        "siblings": [{"rfilename": path} for path in commit.files],
    }


def references(each: Repo) -> dict[str, Any]:
    named = {name if name.startswith("refs/") else f"refs/heads/{name}": sha for name, sha in each.refs.items()}

    def of(prefix: str) -> list[dict[str, str]]:
        return [
            {"name": name.removeprefix(prefix), "ref": name, "targetCommit": sha}
            for name, sha in named.items()
            if name.startswith(prefix)
        ]

    return {
        "branches": of("refs/heads/"),
        "converts": of("refs/convert/"),
        "tags": of("refs/tags/"),
        "pullRequests": of("refs/pr/"),
    }
