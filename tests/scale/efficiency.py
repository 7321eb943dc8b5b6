"""Efficiency by number of workers: `python -m tests.scale.efficiency [SECONDS]`, with stand-ins that sleep.

Two cores cannot compute for sixteen workers, but they can show what handing out, sending and committing shards costs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from tests.support.recorded import corpus_of
from tests.support.stand_in import Habits, cluster, executor, job_of
from wergate.scale import plan
from wergate.scale.shard_files import ShardFiles

WORKERS = (1, 2, 4, 8, 16)
SHARDS_EACH = 8


def measure(workers: int, shard_s: float, folder: Path) -> float:
    """Return the ideal time of a run divided by its time, after runs that start the workers."""
    corpus = corpus_of(folder / "corpus.parquet", workers * SHARDS_EACH)
    with cluster(workers) as started:
        ray = executor(started.address)
        for number in count():
            warm = job_of(corpus, folder / f"warm-{number}", Habits(sleep_s=0.5), run=f"warm {number}")
            list(ray.inferred(warm, frozenset(corpus.ids)))
            results = ShardFiles(warm.store.root, warm.run).results()
            if len({one.worker for one in results.values()}) == workers:
                break
        job = job_of(corpus, folder / "timed", Habits(sleep_s=shard_s), run="timed")
        begun = time.perf_counter()
        list(ray.inferred(job, frozenset(corpus.ids)))
        elapsed_s = time.perf_counter() - begun
        ray.close()
    return SHARDS_EACH * shard_s / elapsed_s


def main() -> None:
    """Print a row for each number of workers; the argument is the time of a shard in seconds."""
    shard_s = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    plan.SHARD_S = 0.0  # one recording a shard
    for workers in WORKERS:
        with tempfile.TemporaryDirectory() as folder:
            print(
                f"| {workers} | {workers * SHARDS_EACH} | {measure(workers, shard_s, Path(folder)):.1%} |", flush=True
            )


if __name__ == "__main__":
    main()
