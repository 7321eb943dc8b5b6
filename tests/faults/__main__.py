"""The fault campaign: `python -m tests.faults`, or with --night without an end to its seeds.

It prints a table of faults, counts and outcomes, and ends with 1 if an invariant did not hold.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
import warnings
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.corruption import corrupt
from tests.faults.crowd import crowds
from tests.faults.mutation import MUTATIONS
from tests.faults.powercut import cuts
from tests.faults.storing import STORING
from tests.faults.strace import missing, quiet
from tests.faults.trial import ERRORS, KILL, Bench
from tests.faults.workload import Workload
from tests.faults.writing import WRITING

WORKLOADS = (*STORING, *WRITING)
CORRUPTION, CUT, MUTATION, CROWD = "damage to a stored artifact", "power cut", "mutation", "eight processes at once"


@dataclass(frozen=True)
class Plan:
    """The size of a campaign.

    Attributes:
        errors: system calls of each workload that fail with each error; None for all.
        corruptions: number of damages, in eight parts.
        cuts: power cuts of each workload.
        rounds: rounds of processes at once, in each of two parts.
        seed: number that all choices follow from.
    """

    errors: int | None
    corruptions: int
    cuts: int
    rounds: int
    seed: int


@dataclass(frozen=True)
class Task:
    """A part of the campaign for one worker: a fault, and a workload's name or the number of a part."""

    fault: str
    what: str
    plan: Plan


def tasks(plan: Plan) -> list[Task]:
    """Return the tasks of a plan, the traced ones first if this machine can trace."""
    reason = missing()
    if reason:
        print(f"SKIPPED: kills, errors and power cuts: {reason}")
    traced = () if reason else (KILL, *ERRORS, CUT)
    return [
        *(Task(fault, workload.name, plan) for fault in traced for workload in WORKLOADS),
        *(Task(MUTATION, name, plan) for name in (MUTATIONS if traced else ())),
        *(Task(CROWD, str(part), plan) for part in range(2)),
        *(Task(CORRUPTION, str(part), plan) for part in range(8)),
    ]


def perform(task: Task) -> dict[str, object]:
    """Do a task in a folder of its own, and return its row."""
    started = time.monotonic()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(dir=_memory(), prefix="faults-") as name:
        count, findings = _performed(task, Path(name))
    seconds = round(time.monotonic() - started, 1)
    row = {"fault": task.fault, "what": task.what, "seed": task.plan.seed, "count": count, "seconds": seconds}
    return {**row, "findings": findings}


def _performed(task: Task, scratch: Path) -> tuple[int, list[str]]:
    seed = zlib.crc32(f"{task.plan.seed} {task.fault} {task.what}".encode())
    if task.fault == CORRUPTION:
        made, broken = corrupt(scratch, task.plan.corruptions // 8, seed)
        return made.total(), broken
    if task.fault == CROWD:
        return crowds(scratch, task.plan.rounds, seed)
    if task.fault == MUTATION:
        missed = MUTATIONS[task.what](scratch, seed)
        return 1, [] if not missed else [missed]
    workload = next(workload for workload in WORKLOADS if workload.name == task.what)
    if task.fault == CUT:
        return cuts(workload, scratch, task.plan.cuts, seed)
    return _struck(workload, task, scratch, random.Random(seed))  # noqa: S311 - a schedule


def _struck(workload: Workload, task: Task, scratch: Path, source: random.Random) -> tuple[int, list[str]]:
    bench = Bench(workload, scratch)
    quiet()
    places = bench.places()
    if task.fault != KILL and task.plan.errors is not None:
        places = source.sample(places, min(task.plan.errors, len(places)))
    found = [finding for place in places if (finding := bench.strike(task.fault, place))]
    return len(places), [f"{finding.place} {finding.call}: {finding.what}" for finding in found]


def _memory() -> str | None:
    """Return a folder in memory, where syncs are fast, or None for the usual temporary folder."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a private folder is made in it


def campaign(given: Iterable[Task], workers: int, log: Path | None) -> Iterator[dict[str, object]]:
    """Yield the rows of tasks; with a log, tasks that it has are not done again, and each row is appended to it."""
    done = [json.loads(line) for line in log.read_text().splitlines()] if log and log.exists() else []
    known = {(row["fault"], row["what"], row["seed"]) for row in done}
    yield from done
    left = [task for task in given if (task.fault, task.what, task.plan.seed) not in known]
    with multiprocessing.get_context("fork").Pool(workers, maxtasksperchild=8) as pool:
        for row in pool.imap_unordered(perform, left):
            if log:
                with log.open("a") as stream:
                    stream.write(json.dumps(row) + "\n")
            yield row


def table(rows: Iterable[dict[str, object]]) -> str:
    """Return the table of a campaign: "0 of N" bounds the rate of failures by 3 / N, with 95 % confidence."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        counts[str(row["fault"])][0] += int(str(row["count"]))
        counts[str(row["fault"])][1] += len(list(row["findings"]))  # type: ignore[call-overload]
    lines = ["| fault | trials | broken | rate at most |", "| --- | --- | --- | --- |"]
    for fault, (count, broken) in counts.items():
        bound = f"{100 * min(1, 3 / count):.2g} %" if count and not broken else "-"
        lines.append(f"| {fault} | {count} | {broken} of {count} | {bound} |")
    return "\n".join(lines)


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description="Faults at each file system call, and what must hold after them.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--night", type=int, default=0, metavar="SEEDS", help="all errors at all calls, for each seed")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append results to it, and resume from it")
    parser.add_argument("--only", default="", help="faults whose name contains this")
    chosen = parser.parse_args()
    if chosen.night:
        seeds = range(chosen.seed, chosen.seed + chosen.night)
        plans = [Plan(None, 100_000, 300, 1000, seed) for seed in seeds]
    else:
        plans = [Plan(8, 10_000, 40, 20, chosen.seed)]
    given = [task for plan in plans for task in tasks(plan) if chosen.only in task.fault]
    if not shutil.which("strace") and not given:
        return 0
    rows = []
    for row in campaign(given, chosen.workers, chosen.log):
        rows.append(row)
        print(f"{row['fault']}, {row['what']}: {row['count']} in {row['seconds']} s", flush=True)
        for finding in list(row["findings"])[:3]:  # type: ignore[call-overload]
            print(f"  BROKEN {finding}", flush=True)
    print(table(rows))
    return 1 if any(row["findings"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
