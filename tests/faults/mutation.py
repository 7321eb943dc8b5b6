"""Mutations: without a guard, the campaign must find what the guard prevents."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import filelock

from tests.faults.corruption import corrupt
from tests.faults.powercut import cuts
from tests.faults.storing import KIND, PARTS, STORING, build, require_whole, store
from tests.faults.strace import Child
from tests.faults.trial import KILL, Bench
from tests.faults.workload import Progress, Workload
from tests.faults.writing import WRITING
from wergate import store as stores
from wergate.disk import files, folders, lines, sync

_CUTS, _DAMAGES, _ROUNDS, _PROCESSES = 30, 30, 20, 4


def _without_rename(scratch: Path, _: int) -> str | None:
    """A build that writes into its final folder."""

    def in_place(path: Path, content: str | bytes) -> None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    with mock.patch.object(files, "replace_content", in_place):
        return _unless_killed(_named("baselines: update"), scratch)


def _without_lock(scratch: Path, _: int) -> str | None:
    """Processes that build the same artifact at once."""
    with mock.patch.object(filelock.FileLock, "acquire"), mock.patch.object(filelock.FileLock, "release"):
        return None if rounds_with_two_builds(scratch) else "no artifact was built twice without the lock"


def _without_checksum(scratch: Path, seed: int) -> str | None:
    """A store that trusts what it finds."""
    with mock.patch.object(stores, "_file_defect", return_value=None):
        return None if corrupt(scratch, _DAMAGES, seed)[1] else "no damage was trusted without checksums"


def _without_sync(scratch: Path, seed: int) -> str | None:
    """Renames of what was not synced."""
    modules = (files, folders, lines, sync)
    with contextlib.ExitStack() as stack:
        for module in modules:
            for name in ("sync_file", "sync_folder", "sync_path", "sync_tree"):
                if hasattr(module, name):
                    stack.enter_context(mock.patch.object(module, name))
        found = cuts(_named("results: replace"), scratch, _CUTS, seed)[1]
    return None if found else "no power cut did harm without syncs"


MUTATIONS: dict[str, Callable[[Path, int], str | None]] = {
    "without the rename": _without_rename,
    "without the lock": _without_lock,
    "without the checksum": _without_checksum,
    "without the sync": _without_sync,
}


def _named(name: str) -> Workload:
    return next(workload for workload in (*STORING, *WRITING) if workload.name == name)


def _unless_killed(workload: Workload, scratch: Path) -> str | None:
    bench = Bench(workload, scratch)
    for place in bench.places():
        if bench.strike(KILL, place):
            return None
    return "no kill did harm"


def rounds_with_two_builds(scratch: Path, rounds: int = _ROUNDS) -> int:
    """Return in how many rounds processes that build one artifact at once built it twice, or failed."""
    return sum(_built_twice(scratch / str(number)) for number in range(rounds))


def _built_twice(folder: Path) -> bool:
    folder.mkdir()
    counts = [Progress() for _ in range(_PROCESSES)]

    def get(count: Progress) -> None:
        artifact = store(folder).get(KIND, PARTS, build)
        count.done(int(artifact.built))
        require_whole(artifact)

    children = [Child(lambda count=count: get(count)) for count in counts]
    for child in children:
        child.start()
    codes = [child.ended().code for child in children]
    shutil.rmtree(folder)
    return any(codes) or sum(count.steps for count in counts) != 1
