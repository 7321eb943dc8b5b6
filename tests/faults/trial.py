"""A trial: one workload, one fault at one system call, then a fresh process that checks the invariants."""

from __future__ import annotations

import re
import shutil
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.faults.strace import CRASHED, ENDED_WELL, REFUSED, Ending, run
from tests.faults.workload import Broken, Progress, Workload, content, require
from wergate.errors import SuiteError

KILL = "kill -9"
ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EMFILE", "EROFS", "EINTR", "ENOLCK")
_CALL = re.compile(r"^(?:\d+ +)?(\w+)\(", re.MULTILINE)
_OUTSIDE = {"mine.txt": b"a file of somebody else\n" * 40, "deep/mine.bin": bytes(2000)}


@dataclass(frozen=True)
class Finding:
    """An invariant that did not hold.

    Attributes:
        workload, fault: names of both.
        place: the system call, and which of its kind.
        call: its arguments.
        what: the invariant and what was found.
    """

    workload: str
    fault: str
    place: str
    call: str
    what: str


@dataclass(frozen=True)
class Place:
    """A system call of a workload.

    Attributes:
        call: its name.
        number: which call of this name, from 1; strace counts each name apart.
    """

    call: str
    number: int


class Bench:
    """A folder in which trials of a workload start from the same state.

    Attributes:
        workload: the workload.
    """

    def __init__(self, workload: Workload, scratch: Path) -> None:
        """Prepare the state before each trial in a folder that is made."""
        self.workload = workload
        self._log = scratch / "calls"
        self._before, self._folder = scratch / "before", scratch / "trial"
        (self._before / "work").mkdir(parents=True)
        for name, data in _OUTSIDE.items():
            (self._before / "outside" / name).parent.mkdir(parents=True, exist_ok=True)
            (self._before / "outside" / name).write_bytes(data)
        workload.prepare(self._before / "work")
        workload.act(self.fresh(), Progress())  # so that nothing is imported in a trial

    def fresh(self) -> Path:
        """Return the folder of the workload as it is before each trial."""
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._before, self._folder, symlinks=True)
        return self._folder / "work"

    def places(self) -> list[Place]:
        """Return the system calls of the workload without a fault, in order.

        Raises:
            Broken: it does not end well.
        """
        folder = self.fresh()
        ending = run(lambda: self.workload.act(folder, Progress()), log=self._log)
        require(ending.code == ENDED_WELL, "I5", f"without a fault: {ending.said}")
        counts: Counter[str] = Counter()
        places = []
        for name in _CALL.findall(self._log.read_text(errors="replace")):
            counts[name] += 1
            places.append(Place(name, counts[name]))
        return places

    def strike(self, fault: str, place: Place) -> Finding | None:
        """Do the workload with a fault at a call, and return what is broken after it, or None."""
        folder, progress = self.fresh(), Progress()
        how = "signal=KILL" if fault == KILL else f"error={fault}"
        inject = f"{place.call}:{how}:when={place.number}"
        ending = run(lambda: self.workload.act(folder, progress), inject=inject, log=self._log)
        if ending.call is None:
            what: str | None = f"the call was not reached: {ending.code} {ending.said}"
        else:
            what = _ending_defect(fault, ending) or self.defect(folder, progress.steps)
        return (
            Finding(self.workload.name, fault, f"{place.call} {place.number}", ending.call or "", what)
            if what
            else None
        )

    def defect(self, folder: Path, steps: int, least: int | None = None) -> str | None:
        """Return which invariant does not hold in a folder, or None.

        Args:
            steps: how many steps were acknowledged.
            least: after a power cut, how many of them must be there; None after other faults: all.
        """
        ending = run(lambda: self._inspect(folder, steps, least))
        return None if ending.code == ENDED_WELL else ending.said or f"the check ended with {ending.code}"

    def _inspect(self, folder: Path, steps: int, least: int | None) -> None:
        try:
            self._require_state(folder, steps, least)
            self.workload.act(folder, Progress())
            self.workload.final(folder)
        except SuiteError as error:
            raise Broken("I5", f"a run after the fault is refused: {error}") from error
        require(content(folder.parent / "outside") == _OUTSIDE, "I7", "a file outside of the workload changed")

    def _require_state(self, folder: Path, steps: int, least: int | None) -> None:
        if least is not None and self.workload.after_cut:
            return self.workload.after_cut(folder, steps, least)
        while True:
            try:
                return self.workload.check(folder, steps)
            except Broken:
                if least is None or steps <= least:
                    raise
            steps -= 1


def _ending_defect(fault: str, ending: Ending) -> str | None:
    """Return what is wrong with the end of a process: a kill ends it, an error is a line or is survived."""
    if fault == KILL:
        return None if ending.code == -signal.SIGKILL else f"not killed: {ending.code} {ending.said}"
    if ending.code in {ENDED_WELL, REFUSED}:
        return None
    last = ending.said.strip().splitlines()[-1:] if ending.code == CRASHED else [f"ended with {ending.code}"]
    return f"one line: {' '.join(last)} | {_where(ending.said)}"


def _where(said: str) -> str:
    """Return the last places of a traceback in the code of the suite."""
    places = [line.strip() for line in said.splitlines() if "src/wergate" in line]
    return "; ".join(place.split("src/")[-1] for place in places[-3:])
