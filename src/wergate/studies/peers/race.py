"""Interleaved timing of peers: in each round all of them run the same utterances, and all logits are checked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import numpy as np

from wergate.corpora.audio import Samples
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation
from wergate.networks.ctc import Logits
from wergate.networks.logits import LogitsDifference, difference
from wergate.studies.peers.catalog import Peer
from wergate.studies.peers.client import PeerClient
from wergate.studies.peers.messages import PeerTask

# OpenMP's threads spin for a few milliseconds after a call; the pause leaves all cores to the next peer
_SETTLE_S = 0.02


@dataclass(frozen=True)
class RaceRule:
    """Amount of work and order of the interleaved turns.

    Attributes:
        rounds: number of rounds; each peer runs each duration once per round.
        calls: timed calls per turn, after one untimed call that fills the caches.
        block: utterances of the corpus per turn.
        seed: of the order of turns.
    """

    rounds: int = 5
    calls: int = 3
    block: int = 20
    seed: int = 0


@dataclass(frozen=True)
class Speech:
    """Utterances, and the reference model's logits for them."""

    utterances: Sequence[Samples]
    reference: Sequence[Logits]


@dataclass
class PeerRecord:
    """Measurements of one peer.

    Attributes:
        peer: the peer.
        absent: why it does not take part; empty if it does.
        failed: why it stopped; empty if it did not.
        start_s: seconds from the start of its process to its first answers.
        latency_s: seconds of each timed call, by seconds of speech.
        block_s: seconds of each block of the corpus.
        worst: logits difference of the utterance with the lowest SQNR, over all timed runs.
        total: logits difference over all timed runs.
        evaluation: evaluation of the model's first corpus; None if the peer did not run it.
        size_bytes: size of the model on disk.
        peak_bytes: peak memory of the process.
    """

    peer: Peer
    absent: str = ""
    failed: str = ""
    start_s: float = 0.0
    latency_s: dict[float, list[float]] = field(default_factory=dict)
    block_s: list[float] = field(default_factory=list)
    worst: LogitsDifference | None = None
    total: LogitsDifference = field(default_factory=LogitsDifference)
    evaluation: Evaluation | None = None
    size_bytes: int = 0
    peak_bytes: int = 0

    @property
    def runs(self) -> bool:
        """True while the peer takes part."""
        return not (self.absent or self.failed)

    def check(self, reference: Logits, candidate: Logits) -> None:
        """Compare logits with the reference model's, and record the difference."""
        if reference.shape != candidate.shape:
            self.failed = f"logits of shape {list(candidate.shape)}, but should be {list(reference.shape)}"
            return
        delta = difference(reference=reference, candidate=candidate)
        self.total += delta
        if self.worst is None or not _sqnr_db(delta) >= _sqnr_db(self.worst):
            self.worst = delta


def _sqnr_db(delta: LogitsDifference) -> float:
    return -math.inf if math.isnan(delta.sqnr_db) else delta.sqnr_db


Evaluate = Callable[[Peer, PeerClient], Evaluation]


class Race:
    """Started peers and their measurements so far."""

    def __init__(self, records: Sequence[PeerRecord], start: Callable[[Peer], PeerClient], rule: RaceRule) -> None:
        """Start every peer that is not absent, one after another.

        Args:
            records: one record per peer; the race fills them in.
            start: starts a peer's process.
            rule: amount of work and order of the turns.
        """
        self.records = records
        self._rule = rule
        self._order = np.random.default_rng(rule.seed)
        self._clients: dict[str, PeerClient] = {}
        # an interrupt while peers start must end those that run already; nobody could close them,
        # because there is no race yet
        with ExitStack() as running:
            for record in records:
                if record.runs:
                    self._start(record, start, running)
            self._running = running.pop_all()

    def _start(self, record: PeerRecord, start: Callable[[Peer], PeerClient], running: ExitStack) -> None:
        started = time.perf_counter()
        try:
            self._clients[record.peer.key] = running.enter_context(start(record.peer))
        except SuiteError as error:
            record.failed = str(error)
        record.start_s = time.perf_counter() - started

    def warm_up(self, utterances: Sequence[Samples]) -> None:
        """Have each peer run its first utterances, alone and as a corpus, which triggers lazy compilation."""
        for record in self._racing():
            for alone in (True, False):
                started = time.perf_counter()
                if record.runs:
                    self._turn(record, utterances, PeerTask(alone=alone))
                record.start_s += time.perf_counter() - started

    def latencies(self, speech: Mapping[float, Speech]) -> None:
        """Time single utterances.

        Args:
            speech: the utterance to time, by duration in seconds.
        """
        for _ in range(self._rule.rounds):
            for duration_s, utterance in speech.items():
                for record in self._shuffled():
                    task = PeerTask(alone=True, warmup=1, calls=self._rule.calls)
                    record.latency_s.setdefault(duration_s, []).extend(self._checked(record, task, utterance))

    def throughput(self, speech: Speech) -> None:
        """Time a corpus block by block. Each peer sees each length for the first time, as in production."""
        for first in range(0, len(speech.utterances), self._rule.block):
            part = slice(first, first + self._rule.block)
            block = Speech(speech.utterances[part], speech.reference[part])
            for record in self._shuffled():
                record.block_s.extend(self._checked(record, PeerTask(alone=False), block))

    def evaluate(self, evaluate: Evaluate) -> None:
        """Have each peer transcribe a corpus, without timing it."""
        for record in self._racing():
            try:
                record.evaluation = evaluate(record.peer, self._clients[record.peer.key])
            except SuiteError as error:
                record.failed = str(error)
            self._note(record)

    def close(self) -> None:
        """End all processes."""
        with suppress(OSError):
            self._running.close()

    def _checked(self, record: PeerRecord, task: PeerTask, speech: Speech) -> list[float]:
        seconds, answers = self._turn(record, speech.utterances, task)
        for logits in answers:
            for reference, candidate in zip(speech.reference, logits, strict=True):
                record.check(reference, candidate)
        return seconds

    def _turn(
        self, record: PeerRecord, utterances: Sequence[Samples], task: PeerTask
    ) -> tuple[list[float], list[list[Logits]]]:
        time.sleep(_SETTLE_S)
        try:
            times_and_logits = self._clients[record.peer.key].run(utterances, task)
        except SuiteError as error:
            record.failed = str(error)
            return [], []
        self._note(record)
        return times_and_logits

    def _note(self, record: PeerRecord) -> None:
        done = self._clients[record.peer.key].done
        record.size_bytes = done.size_bytes or record.size_bytes
        record.peak_bytes = max(done.peak_bytes, record.peak_bytes)

    def _racing(self) -> list[PeerRecord]:
        return [record for record in self.records if record.runs]

    def _shuffled(self) -> list[PeerRecord]:
        racing = self._racing()
        return [racing[number] for number in self._order.permutation(len(racing))]
