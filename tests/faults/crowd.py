"""Eight processes on one cache and one file of transcripts, and a process that is stopped while it holds a lock."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.faults.storing import KIND, PARTS, build, require_whole, store
from tests.faults.strace import Child
from tests.faults.workload import Progress
from tests.faults.writing import BLOCKS
from wergate.evaluation.transcript_file import TranscriptFile
from wergate.store import content_key

_PROCESSES, _ACTIONS = 8, 6
_LINE = BLOCKS[0][0]


def crowds(scratch: Path, rounds: int, seed: int) -> tuple[int, list[str]]:
    """Let processes act at once, so many times, and return the number and what was broken."""
    broken = []
    for number in range(rounds):
        folder = scratch / str(number)
        folder.mkdir()
        source = random.Random(seed + number)  # noqa: S311 - a schedule
        said = _stopped(folder) if number % 4 == 3 else _crowd(folder, source)
        broken += [f"round {number}: {text}" for text in said]
        shutil.rmtree(folder)
    return rounds, broken


def _crowd(folder: Path, source: random.Random) -> list[str]:
    """Build, read, append and build again in an order of each process's own, and return what was broken."""
    orders = [source.choices(("get", "find", "append", "rebuild"), (4, 3, 4, 1), k=_ACTIONS) for _ in range(_PROCESSES)]
    children = [Child(lambda name=name, order=order: _act(folder, name, order)) for name, order in enumerate(orders)]
    said = _finished(children)
    file = TranscriptFile(folder / "transcripts.jsonl")
    found = [line.id if line else None for line in file.lines()] if file.path.exists() else []
    steps = [(f"{name}-{number}", what) for name, order in enumerate(orders) for number, what in enumerate(order)]
    expected = sorted(id_ for id_, what in steps if what == "append")
    if sorted(map(str, found)) != expected:
        said.append(f"I3: {len(found)} lines, and {len(expected)} were acknowledged")
    return said


def _act(folder: Path, name: int, order: list[str]) -> None:
    file = TranscriptFile(folder / "transcripts.jsonl")
    for number, what in enumerate(order):
        if what == "get":
            store(folder).get(KIND, PARTS, build)  # another process may replace it at once
        elif what == "find":
            store(folder).defect(KIND, content_key(PARTS))
        elif what == "append":
            file.append([replace(_LINE, id=f"{name}-{number}")])
        else:
            store(folder).rebuild(KIND, PARTS, build)
    file.sync()


def _stopped(folder: Path) -> list[str]:
    """Stop a process while it builds: the others wait, and find its artifact once it continues."""
    reached, counts = Progress(), [Progress() for _ in range(3)]

    def slow(target: Path) -> None:
        reached.done(1)
        os.kill(os.getpid(), signal.SIGSTOP)
        build(target)

    def get(count: Progress, how: Callable[[Path], None]) -> None:
        artifact = store(folder).get(KIND, PARTS, how)
        require_whole(artifact)
        count.done(1 + artifact.built)

    first = Child(lambda: get(counts[0], slow))
    first.start()
    os.waitpid(first.pid, os.WUNTRACED)
    others = [Child(lambda count=count: get(count, build)) for count in counts[1:]]
    for child in others:
        child.start()
    early = [count.steps for count in counts]
    os.kill(first.pid, signal.SIGCONT)
    said = [ending.said or str(ending.code) for child in (first, *others) if (ending := child.ended()).code]
    if any(early) or [count.steps for count in counts] != [2, 1, 1]:
        said.append(f"I6: builds {[count.steps for count in counts]}, before the first continued {early}")
    return said


def _finished(children: list[Child]) -> list[str]:
    for child in children:
        child.start()
    return [ending.said or str(ending.code) for child in children if (ending := child.ended()).code]
