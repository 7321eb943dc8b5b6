"""The workers of a run: which shard each one has, and what happens when one fails.

Ray places, restarts and reaches them, and moves the bytes. The crew gives a shard to each worker that is ready.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from wergate.corpora.prefetch import Prefetched
from wergate.errors import SuiteError
from wergate.scale.attempts import Attempts
from wergate.scale.cluster import Cluster
from wergate.scale.messages import Answer, Opened, Opening
from wergate.scale.tasks import Task

Stage = Literal["greeted", "opening", "ready", "busy"]
_OPENINGS = 3  # failures in a row before the first shard
_WAIT_S = 2.0  # between two looks for new nodes
_PATIENCE_S = 120.0  # without any worker that runs


@dataclass
class _Member:
    """A worker, as the driver sees it.

    Attributes:
        actor: Ray's handle.
        name: name of its process; empty before its first answer.
        task: the shard that it has.
        run: the run that it was opened for.
        failures: openings that failed in a row.
    """

    actor: Any
    stage: Stage = "greeted"
    name: str = ""
    task: Task | None = None
    run: _Run | None = None
    failures: int = 0


@dataclass
class _Run:
    """One run of the crew: its IR, and the shards that wait for another attempt."""

    opening: str
    files: tuple[Any, Any]
    attempts: Attempts
    waiting: deque[tuple[Task, str]] = field(default_factory=deque)


class Crew:
    """Workers on all nodes of a cluster that fit, kept from one run to the next."""

    def __init__(self, cluster: Cluster) -> None:
        """Take the cluster; the first run starts workers."""
        self._cluster = cluster
        self._members: list[_Member] = []
        self._pending: dict[Any, _Member] = {}

    def results(
        self, opening: Opening, ir: tuple[bytes, bytes], tasks: Iterator[Task], attempts: Attempts
    ) -> Iterator[tuple[Task, str]]:
        """Yield shards and their results as they are finished, in any order.

        Args:
            opening: what the workers are to run.
            ir: content of the `.xml` and of the `.bin`.
            tasks: the shards; one more than there are workers is read ahead.
            attempts: counts failures, and collects the utterances that are given up.

        Raises:
            SuiteError: no node can run a worker, a worker is of another kind, or an utterance cannot be evaluated.
        """
        files = (self._cluster.put(ir[0]), self._cluster.put(ir[1]))
        run = _Run(opening.model_dump_json(), files, attempts)
        for member in self._members:
            self._open(member, run)
        try:
            with Prefetched(tasks) as ahead:
                yield from self._finished(run, iter(ahead))
        except BaseException:
            self.dismiss()
            raise

    def dismiss(self) -> None:
        """End all workers."""
        for member in self._members:
            self._cluster.end(member.actor)
        self._members, self._pending = [], {}

    def _finished(self, run: _Run, tasks: Iterator[Task]) -> Iterator[tuple[Task, str]]:
        idle_s = 0.0
        while True:
            self._grow()
            self._hand_out(run, tasks)
            if not any(member.task for member in self._members) and self._is_done(run, tasks):
                return
            done = self._cluster.wait(list(self._pending), _WAIT_S)
            idle_s = 0.0 if done or any(member.task for member in self._members) else idle_s + _WAIT_S
            if idle_s >= _PATIENCE_S:
                raise SuiteError(
                    f"no worker has started on Ray at {self._cluster.name} for {_PATIENCE_S:g} s; "
                    f"{self._cluster.needed()}; add a node, and run again: finished shards are kept"
                )
            for ref in done:
                yield from self._settled(self._pending.pop(ref), ref, run)

    def _is_done(self, run: _Run, tasks: Iterator[Task]) -> bool:
        """Return whether nothing is left; a shard that is left is put in line."""
        if not run.waiting and (task := next(tasks, None)):
            run.waiting.append((task, ""))
        return not run.waiting

    def _grow(self) -> None:
        """Start workers on nodes that have room for more."""
        for _ in range(self._cluster.capacity() - len(self._members)):
            member = _Member(self._cluster.start())
            self._members.append(member)
            self._greet(member)

    def _greet(self, member: _Member) -> None:
        """Wait until a worker runs, however often Ray has to restart it."""
        member.stage, member.task = "greeted", None
        self._pending[self._cluster.call(member.actor, "hello", retries=-1)] = member

    def _open(self, member: _Member, run: _Run) -> None:
        if member.stage == "ready":
            member.stage, member.run = "opening", run
            self._pending[self._cluster.call(member.actor, "open", run.opening, *run.files)] = member

    def _hand_out(self, run: _Run, tasks: Iterator[Task]) -> None:
        for member in self._members:
            if member.stage == "ready" and (task := self._next(member, run, tasks)):
                member.stage, member.task = "busy", task
                ref = self._cluster.call(member.actor, "transcribe", task.order(), self._cluster.put(task.blobs()))
                self._pending[ref] = member

    def _next(self, member: _Member, run: _Run, tasks: Iterator[Task]) -> Task | None:
        """Return the next shard for a worker: one that another worker failed at, or a new one."""
        for position, (task, avoid) in enumerate(run.waiting):
            if avoid != member.name or len(self._members) == 1:
                del run.waiting[position]
                return task
        return next(tasks, None)

    def _settled(self, member: _Member, ref: Any, run: _Run) -> Iterator[tuple[Task, str]]:
        """Take the answer of a worker, or note its failure."""
        answer, reason, is_alive = self._cluster.outcome(ref)
        if answer is None:
            self._failed(member, run, reason, is_alive=is_alive)
        elif member.stage == "greeted":
            member.name, member.stage = answer, "ready"
            self._open(member, run)
        elif member.stage == "opening":
            member.stage, member.failures = "ready", 0
            if member.run is run:
                _require_accepted(Opened.model_validate_json(answer).refused)
            else:  # the last run ended before this worker was ready
                self._open(member, run)
        elif task := member.task:
            found = Answer.model_validate_json(answer)
            _require_accepted(found.refused)
            member.stage, member.task = "ready", None
            yield task, found.result

    def _failed(self, member: _Member, run: _Run, reason: str, *, is_alive: bool) -> None:
        task, name, stage = member.task, member.name, member.stage
        if task:
            only_worker = len(self._members) == 1
            for shard in run.attempts.failed(task.shard, name, reason, only_worker=only_worker):
                run.waiting.append((task.of(shard), name))
        elif stage == "opening":
            member.failures += 1
            if member.failures >= _OPENINGS:
                raise SuiteError(
                    f"worker {name} failed {_OPENINGS} times before its first shard: {reason}; compare it with a run "
                    "without --executor, or give each node more memory"
                )
        if task and is_alive:
            member.stage, member.task = "ready", None
        else:
            self._greet(member)


def _require_accepted(refused: str) -> None:
    if refused:
        raise SuiteError(refused)
