"""Damage to stored artifacts: found, named, and built again; never read."""

from __future__ import annotations

import json
import random
import shutil
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.faults.storing import KIND, OTHER, PARTS, build, require_whole, store
from tests.faults.workload import Broken, require
from wergate.errors import SuiteError
from wergate.store import MANIFEST, Artifact, DamagedArtifactWarning, content_key

_BLOCK_BYTES = 64
Damage = Callable[[Path, Path, random.Random], None]


def _file(folder: Path, source: random.Random) -> Path:
    return source.choice(sorted(path for path in folder.rglob("*") if path.is_file()))


def _flip(folder: Path, _: Path, source: random.Random) -> None:
    path = _file(folder, source)
    data = bytearray(path.read_bytes())
    data[source.randrange(len(data))] ^= 1 << source.randrange(8)
    path.write_bytes(data)


def _truncate(folder: Path, _: Path, source: random.Random) -> None:
    path = _file(folder, source)
    path.write_bytes(path.read_bytes()[: source.randrange(path.stat().st_size)])


def _nul(folder: Path, _: Path, source: random.Random) -> None:
    path = _file(folder, source)
    data = bytearray(path.read_bytes())
    start = source.randrange(len(data))
    data[start : start + _BLOCK_BYTES] = bytes(len(data[start : start + _BLOCK_BYTES]))
    path.write_bytes(data)


def _swap(folder: Path, other: Path, source: random.Random) -> None:
    """Swap two artifacts, or a manifest alone, as a careless copy does."""
    names = source.choice([[MANIFEST], [MANIFEST, "model.xml", "deep/model.bin"]])
    for name in names:
        ours, theirs = (folder / name).read_bytes(), (other / name).read_bytes()
        (folder / name).write_bytes(theirs)
        (other / name).write_bytes(ours)


def _stale(folder: Path, _: Path, source: random.Random) -> None:
    """Change a field of the manifest, or leave it out."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text())
    field = source.choice(sorted(manifest))
    choice = source.randrange(3)
    if choice == 0:
        del manifest[field]
    elif choice == 1:
        manifest[field] = source.choice([None, {}, [], "x", -1])
    else:
        entry = manifest["files"][source.choice(sorted(manifest["files"]))]
        entry[source.choice(sorted(entry))] = source.choice([None, 0, "0" * 64])
    path.write_text(json.dumps(manifest))


def _stray(folder: Path, _: Path, source: random.Random) -> None:
    """Add or remove a file."""
    if source.random() < 0.5:
        (folder / f"stray{source.randrange(9)}").write_text("x")
    else:
        _file(folder, source).unlink()


DAMAGES: dict[str, Damage] = {
    "bit flip": _flip,
    "truncation": _truncate,
    "NUL block": _nul,
    "swap": _swap,
    "stale manifest": _stale,
    "file added or removed": _stray,
}


def corrupt(scratch: Path, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Damage an artifact in so many ways, and return how many of each kind were made and what was not right."""
    source, made, broken = random.Random(seed), Counter[str](), []  # noqa: S311 - a schedule
    names = sorted(DAMAGES)
    ours, theirs = (store(scratch).get(KIND, parts, build) for parts in (PARTS, OTHER))
    for number in range(count):
        name = names[number % len(names)]
        before = _bytes(ours)
        while _bytes(ours) == before:  # NUL bytes onto NUL bytes change nothing
            DAMAGES[name](ours.folder, theirs.folder, source)
        made[name] += 1
        try:
            _require_found(scratch, before)
        except (Broken, Exception) as error:  # noqa: BLE001 - any exception is a finding
            broken.append(f"{name} {number}: {type(error).__name__} {error}")
            shutil.rmtree(ours.folder, ignore_errors=True)
            store(scratch).get(KIND, PARTS, build)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            store(scratch).get(KIND, OTHER, build)
    return made, broken


def _bytes(artifact: Artifact) -> dict[str, bytes]:
    files = (path for path in sorted(artifact.folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(artifact.folder)): path.read_bytes() for path in files}


def _require_found(scratch: Path, before: dict[str, bytes]) -> None:
    """Require that a damaged artifact is found, named and built again, or that only its recorded build time differs."""
    key = content_key(PARTS)
    found = store(scratch).find(KIND, key)
    if found:
        require_whole(found)
        require(_without_time(_bytes(found)) == _without_time(before), "I1", "a damaged artifact was trusted")
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            again = store(scratch).get(KIND, PARTS, build)
        except SuiteError as error:
            raise Broken("I5", str(error)) from error
    said = [str(warning.message) for warning in caught if warning.category is DamagedArtifactWarning]
    require(len(said) == 1 and key[:8] in said[0], "I5", f"the damage was not named: {said}")
    require(again.built, "I1", "a damaged artifact was not built again")
    require_whole(again)


def _without_time(files: dict[str, bytes]) -> dict[str, object]:
    manifest = json.loads(files[MANIFEST])
    manifest.pop("build_seconds")
    return {**files, MANIFEST: manifest}
