"""The driver: reads the plan and the finished shards, sends the others to workers, and collects in corpus order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from wergate.corpora.index import Entry
from wergate.evaluation.inference import Inferred
from wergate.evaluation.journal import kind_of_machine
from wergate.recognizers.buckets import Buckets
from wergate.scale.attempts import Attempts
from wergate.scale.cluster import Cluster
from wergate.scale.crew import Crew
from wergate.scale.messages import Opening
from wergate.scale.plan import BucketOf, Shard, plan
from wergate.scale.rows import outcome, read_result
from wergate.scale.shard_files import ShardFiles
from wergate.scale.tasks import tasks
from wergate.scale.worker import Worker
from wergate.session.executor import Job
from wergate.store import bytes_digest


class RayExecutor:
    """Evaluates utterances on the workers of a Ray cluster."""

    def __init__(self, address: str, worker: type[Worker] = Worker) -> None:
        """Take the address of a cluster; the first evaluation that needs it joins it.

        Args:
            address: HOST:PORT of its head; empty for the one of this machine, which is started if there is none.
            worker: class of the workers.
        """
        self._address, self._worker = address, worker
        self._crew: Crew | None = None

    def inferred(self, job: Job, ids: frozenset[str]) -> Iterator[Inferred]:
        """See `wergate.session.executor.Executor.inferred`."""
        files, attempts = ShardFiles(job.store.root, job.run), Attempts()
        files.mark()
        _, shards = plan(job.store, job.run, job.corpus.entries, _bucket_of(job))
        rows = {id_: row for id_, row in files.rows().items() if id_ in ids}
        missing, finished = ids - rows.keys(), len(rows)
        left = deque(id_ for id_ in job.corpus.ids if id_ in ids)
        yield from _in_order(left, rows)
        for shard, text in self._computed(job, _missing(shards, missing), attempts):
            files.commit(shard.id, text)
            new = read_result(text).rows
            rows.update((row["id"], row) for row in new)
            finished += len(new)
            yield from _in_order(left, rows)
        attempts.require_none(finished)

    def close(self) -> None:
        """End all workers."""
        if self._crew:
            self._crew.dismiss()
            self._crew = None

    def _computed(self, job: Job, shards: Sequence[Shard], attempts: Attempts) -> Iterator[tuple[Shard, str]]:
        """Yield shards and their results as workers finish them."""
        if not shards:
            return
        self._crew = self._crew or Crew(Cluster(self._address, self._worker))
        ir = (job.variant.path.read_bytes(), job.variant.path.with_suffix(".bin").read_bytes())
        supply = tasks(job.corpus, shards, job.reference(), job.variant.frontend.sampling_rate)
        for task, text in self._crew.results(_opening(job, ir), ir, supply, attempts):
            yield task.shard, text


def _bucket_of(job: Job) -> BucketOf:
    """Return a function from an utterance to its bucket, by the duration in its header."""
    buckets, frontend = Buckets(job.lengths or ()), job.variant.frontend

    def bucket_of(entry: Entry) -> int | None:
        return buckets.of(frontend.used_samples(round(entry.duration_s * frontend.sampling_rate)))

    return bucket_of


def _missing(shards: Sequence[Shard], ids: frozenset[str]) -> list[Shard]:
    """Return what is missing of each shard, in the order of the plan."""
    return [part for part in (shard.only(ids) for shard in shards) if part.pieces]


def _in_order(left: deque[str], rows: dict[str, dict[str, Any]]) -> Iterator[Inferred]:
    """Yield outcomes as far as none is missing before them, and forget them."""
    while left and left[0] in rows:
        yield outcome(rows.pop(left.popleft()))


def _opening(job: Job, ir: tuple[bytes, bytes]) -> Opening:
    variant = job.variant
    return Opening(
        run=job.run,
        config=job.config.model_dump_json(),
        model=variant.model,
        name=variant.name,
        is_candidate=variant.is_candidate,
        label=variant.label,
        subject=variant.subject,
        precision=variant.precision,
        frontend=asdict(variant.frontend),
        ir=(bytes_digest(ir[0]), bytes_digest(ir[1])),
        lengths=job.lengths,
        kind=kind_of_machine(),
        source=job.source,
        store=str(job.store.root),
        shared_cache=job.config.shared_cache,
    )
