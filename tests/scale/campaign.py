"""Seeded schedules of killed workers, nodes and drivers: `python -m tests.scale.campaign RESULTS.jsonl [SCHEDULES]`.

Each schedule evaluates a corpus on three nodes of this machine with stand-ins of milliseconds. One to three events
come after as many finished shards as its seed says. A line of the file is a schedule; those that it has are not
repeated. At the end each utterance must be there once, none may be lost, and the bytes must be those of one process.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.recorded import corpus_of
from tests.support.stand_in import Habits, add_node, cluster, executor, job_of, local
from wergate.corpora.corpus import Corpus
from wergate.scale import plan
from wergate.scale.rows import lasting, result
from wergate.scale.shard_files import ShardFiles
from wergate.session.executor import Job

UTTERANCES = 24
SHARD_S = 0.3  # of audio: two recordings
HABITS = Habits(sleep_s=0.05)
NODES = 3
_PATIENCE_S = 300.0
_LOOK_S = 0.01
_PROCESSES = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Event:
    """A fault, and the number of finished shards after which it comes."""

    kind: str
    after: int


def schedule(seed: int, shards: int) -> list[Event]:
    """Return one to three faults, in the order in which they come."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    kinds = [draw.choice(("worker", "node", "driver")) for _ in range(draw.randint(1, 3))]
    return sorted((Event(kind, draw.randint(1, shards - 1)) for kind in kinds), key=lambda one: one.after)


def drive(address: str, corpus_path: Path, folder: Path) -> None:
    """Run a driver to its end, in a process of its own, and write what it collected."""
    plan.SHARD_S = SHARD_S
    from ray._private import ray_constants

    ray_constants.ENABLE_RAY_CLUSTER = False
    job = job_of(opened(corpus_path), folder, HABITS)
    found = executor(address).inferred(job, frozenset(job.corpus.ids))
    (folder / "collected.jsonl").write_text("\n".join(map(lasting, result("", {}, found).rows)))
    os._exit(0)


def opened(path: Path) -> Corpus:
    """Open the corpus of the campaign, which the first call writes."""
    from wergate.corpora.corpus import open_corpus
    from wergate.corpora.spec import CorpusSpec

    return open_corpus(CorpusSpec("corpus", path)) if path.exists() else corpus_of(path, UTTERANCES)


class Schedule:
    """One schedule on a cluster that later ones use too."""

    def __init__(self, started: Any, corpus_path: Path, folder: Path, seed: int) -> None:
        """Take the cluster, the corpus, an empty folder and the seed."""
        self._cluster, self._corpus_path, self._folder = started, corpus_path, folder
        self._draw = random.Random(f"{seed} targets")  # noqa: S311 - no secret
        self._job: Job = job_of(opened(corpus_path), folder, HABITS)
        self._files = ShardFiles(self._job.store.root, self._job.run)
        corpus = self._job.corpus
        self._shards = len(plan.shards("", corpus.entries, lambda entry: 0 if entry.duration_s <= 0.15 else 1))
        self.events = schedule(seed, self._shards)

    def run(self) -> dict[str, Any]:
        """Run drivers until one ends by itself, with the faults in between, and return what was found."""
        begun = time.monotonic()
        self._start()
        left = list(self.events)
        struck = []
        while self._driver.is_alive():
            if time.monotonic() - begun > _PATIENCE_S:
                self._driver.kill()
                return {"fault": f"not finished after {_PATIENCE_S:g} s", "struck": struck}
            if left and self._finished() >= left[0].after:
                event = left.pop(0)
                self._strike(event.kind)
                struck.append(event.kind)
            time.sleep(_LOOK_S)
        return self._found() | {"struck": struck, "seconds": round(time.monotonic() - begun, 1)}

    def _finished(self) -> int:
        """Return the number of finished shards; names with a dot are files that a worker still writes."""
        return sum(not path.name.startswith(".") for path in self._files.folder.glob("*.jsonl"))

    def _start(self) -> None:
        arguments = (self._cluster.address, self._corpus_path, self._folder)
        self._driver = _PROCESSES.Process(target=drive, args=arguments)
        self._driver.start()

    def _strike(self, kind: str) -> None:
        strikes: dict[str, Callable[[], None]] = {
            "worker": self._kill_worker,
            "node": self._lose_node,
            "driver": self._kill_driver,
        }
        strikes[kind]()

    def _kill_worker(self) -> None:
        workers = sorted({one.worker for one in self._files.results().values()})
        with suppress(ProcessLookupError):  # an earlier fault has ended it
            os.kill(int(self._draw.choice(workers).rpartition(":")[2]), signal.SIGKILL)

    def _lose_node(self) -> None:
        nodes = [node for node in self._cluster.list_all_nodes() if node is not self._cluster.head_node]
        self._cluster.remove_node(self._draw.choice(nodes), allow_graceful=False)
        add_node(self._cluster)

    def _kill_driver(self) -> None:
        self._driver.kill()
        self._driver.join()
        self._start()

    def _found(self) -> dict[str, Any]:
        """Compare what the last driver collected, and what lies on the disk, with one process."""
        path = self._folder / "collected.jsonl"
        collected = path.read_text().splitlines() if path.exists() else []
        expected = [lasting(row) for row in result("", {}, local(self._job, HABITS)).rows]
        on_disk = sorted(id_ for one in self._files.results().values() for id_ in one.ids)
        ids = sorted(self._job.corpus.ids)
        return {
            "lost": len(set(ids) - set(on_disk)) + max(0, len(expected) - len(collected)),
            "twice": len(on_disk) - len(set(on_disk)),
            "bytes_equal": collected == expected,
            "exit": self._driver.exitcode,
        }


def is_clean(row: dict[str, Any]) -> bool:
    """Return whether a schedule lost nothing, had nothing twice, and gave the bytes of one process."""
    return (row.get("lost"), row.get("twice"), row.get("bytes_equal"), row.get("exit")) == (0, 0, True, 0)


def campaign(seeds: list[int], note: Callable[[dict[str, Any]], None]) -> None:
    """Run the schedules of these seeds on one cluster, and note each."""
    plan.SHARD_S = SHARD_S
    _PROCESSES.set_forkserver_preload(["ray", "tests.support.stand_in"])
    with tempfile.TemporaryDirectory() as scratch, cluster(NODES) as started:
        for seed in seeds:
            folder = Path(scratch) / str(seed)
            found = Schedule(started, Path(scratch) / "corpus.parquet", folder, seed)
            events = [[event.kind, event.after] for event in found.events]
            note({"seed": seed, "events": events, **found.run()})


def main() -> None:
    """Run those schedules that the file does not have, and print how many were not clean."""
    path, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {row["seed"] for row in rows}

    def note(row: dict[str, Any]) -> None:
        rows.append(row)
        with path.open("a") as stream:
            stream.write(json.dumps(row) + "\n")

    campaign([seed for seed in range(count) if seed not in done], note)
    faulty = [row["seed"] for row in rows if not is_clean(row)]
    print(f"{len(faulty)} of {len(rows)} schedules were not clean{': seeds ' + str(faulty) if faulty else ''}")
    sys.exit(bool(faulty))


if __name__ == "__main__":
    main()
