"""Overhead of a worker against one process: `python -m tests.scale.overhead [PAIRS] [--cache-dir DIR]`.

Both transcribe `embedded:clean` with INT8 in buckets, alternately. A first pair, which is not counted, fills the store,
compiles and starts the worker. Both sides load compiled models from the store in each evaluation.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from fixtures.options import EMBEDDED
from tests.support.shipped import SUITE
from wergate.cli.places import cache_folder
from wergate.config.loading import load_config
from wergate.evaluation.inference import Inferred
from wergate.scale.executor import RayExecutor
from wergate.session.executor import Job
from wergate.session.matrix import corpus_specs
from wergate.session.session import Session
from wergate.store import Store, content_key


class Again:
    """An executor that finds no finished shards: each evaluation has a run of its own."""

    def __init__(self) -> None:
        """Start with no cluster."""
        self._ray = RayExecutor("")
        self._count = time.time_ns()

    def inferred(self, job: Job, ids: frozenset[str]) -> list[Inferred]:
        """Evaluate utterances on the cluster of this machine."""
        self._count += 1
        return list(self._ray.inferred(replace(job, run=content_key({"run": self._count})), ids))


def elapsed_s(make: partial[Session]) -> float:
    """Return the seconds of one evaluation, with the time to load compiled models from the store."""
    session = make()
    spec = corpus_specs(session.config, "embedded:clean", EMBEDDED)[0]
    evaluations, corpus = session.evaluations, session.corpora.corpus("embedded", spec)
    variant = session.variant("embedded", "int8")
    evaluations.reference("embedded", spec)
    started = time.perf_counter()
    elsewhere = evaluations._elsewhere(variant, spec, padded=True)
    recognizer = partial(session.recognizers.for_corpus, variant, corpus)
    evaluations.evaluate(variant, spec, recognizer, elsewhere=elsewhere)
    return time.perf_counter() - started


def main() -> None:
    """Print the seconds of each pair, and the median of their ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs", nargs="?", type=int, default=5)
    parser.add_argument("--cache-dir")
    given = parser.parse_args()
    config = load_config(SUITE, {}, base=SUITE)
    make = partial(Session, config, embedded=EMBEDDED, store=Store(Path(cache_folder(given.cache_dir))))
    ray = partial(make, executor=Again())
    ratios = []
    for number in range(given.pairs + 1):
        alone_s, worker_s = elapsed_s(make), elapsed_s(ray)
        if number:
            ratios.append(worker_s / alone_s)
            print(f"one process {alone_s:.2f} s, one worker {worker_s:.2f} s", flush=True)
    print(f"median ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
