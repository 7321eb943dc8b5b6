"""Workloads on the store: a build, a rebuild of a damaged artifact, and a change of a small JSON file."""

from __future__ import annotations

import json
from pathlib import Path

from tests.faults.workload import Progress, Workload, content, require
from wergate.store import MANIFEST, Artifact, Store, content_key

KIND = "ir"
PARTS = {"weights": "abc", "versions": {"openvino": "1"}}
OTHER = {"weights": "other", "versions": {"openvino": "1"}}
FILES = {"model.xml": b"<net/>" * 20, "deep/model.bin": bytes(range(256)) * 8}


def build(folder: Path) -> None:
    """Write the files of an artifact, each in two parts."""
    (folder / "deep").mkdir()
    for name, data in FILES.items():
        with (folder / name).open("wb", buffering=0) as stream:
            for part in (data[: len(data) // 2], data[len(data) // 2 :]):
                left = memoryview(part)
                while left:
                    left = left[stream.write(left) :]


def store(folder: Path) -> Store:
    """Return the store of a workload."""
    return Store(folder / "cache")


def require_whole(artifact: Artifact) -> None:
    """Require that an artifact has the bytes of a clean build."""
    found = content(artifact.folder)
    found.pop(MANIFEST, None)
    require(found == FILES, "I1", f"the store returned other bytes than a clean build: {sorted(found)}")


def _other(folder: Path) -> None:
    store(folder).get(KIND, OTHER, build)


def _damaged(folder: Path) -> None:
    _other(folder)
    artifact = store(folder).get(KIND, PARTS, build)
    artifact.file("model.xml").write_bytes(b"<net>")


def _act(folder: Path, progress: Progress) -> None:
    store(folder).get(KIND, PARTS, build)
    progress.done(1)


def _check(folder: Path, steps: int) -> None:
    found = store(folder).find(KIND, content_key(PARTS))
    require(found or not steps, "I3", "the artifact is gone, though its build had returned")
    if found:
        require_whole(found)
    other = store(folder).find(KIND, content_key(OTHER))
    require(other, "I7", "another artifact was damaged")


def _final(folder: Path) -> None:
    _check(folder, 1)
    again = store(folder).get(KIND, PARTS, build)
    require(not again.built, "I6", "a stored artifact was built again")
    require(not list((folder / "cache" / "tmp").iterdir()), "I5", "a temporary folder was left")


def _count(folder: Path, progress: Progress) -> None:
    for step in (1, 2):
        store(folder).update("counts", lambda before, step=step: {**before, str(step): "x" * 300})
        progress.done(step)


def _check_counts(folder: Path, steps: int) -> None:
    path = folder / "cache" / "counts.json"
    try:
        found = json.loads(path.read_text()) if path.exists() else {}
    except ValueError:
        found = None
    allowed = [{"0": "old", **{str(n): "x" * 300 for n in range(1, s + 1)}} for s in range(steps, 3)]
    require(found in allowed[:2], "I4", f"the file of the store is neither old nor new after {steps} steps")


STORING = (
    Workload("store: build", _other, _act, _check, _final),
    Workload("store: rebuild of a damaged artifact", _damaged, _act, _check, _final),
    Workload(
        "store: update of a file",
        lambda folder: store(folder).update("counts", lambda _: {"0": "old"}) and None,
        _count,
        _check_counts,
        lambda folder: _check_counts(folder, 2),
    ),
)
