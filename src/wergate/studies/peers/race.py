"""Peers in turns: each round every one of them runs the same utterances, and every answer is checked."""

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

_SETTLE_S = 0.02  # OpenMP's threads spin for a few milliseconds behind a call; then the next peer has both cores


@dataclass(frozen=True)
class RaceRule:
    """How long peers take turns.

    Attributes:
        rounds: in which each peer runs each duration.
        calls: timed ones in a turn, behind an untimed one that fills the caches.
        block: utterances of the corpus in a turn.
        seed: of the order of turns.
    """

    rounds: int = 5
    calls: int = 3
    block: int = 20
    seed: int = 0


@dataclass(frozen=True)
class Speech:
    """Utterances, and the reference model's logits of them."""

    utterances: Sequence[Samples]
    reference: Sequence[Logits]


@dataclass
class PeerRecord:
    """What is known of one peer.

    Attributes:
        absent: why it does not take part.
        failed: why it stopped.
        start_s: from the start of its process to its first answer.
        latency_s: of each timed call, by seconds of speech.
        block_s: of each block of the corpus.
        worst: the utterance whose logits were farthest from the reference's, of all timed runs.
        total: the difference over all timed runs.
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
        """Whether it still takes part."""
        return not (self.absent or self.failed)

    def check(self, reference: Logits, candidate: Logits) -> None:
        """Compare an answer with the reference model's."""
        if reference.shape != candidate.shape:
            self.failed = f"logits of shape {list(candidate.shape)}, but should be {list(reference.shape)}"
            return
        found = difference(reference=reference, candidate=candidate)
        self.total += found
        if self.worst is None or not _sqnr(found) >= _sqnr(self.worst):
            self.worst = found


def _sqnr(found: LogitsDifference) -> float:
    return -math.inf if math.isnan(found.sqnr_db) else found.sqnr_db


Evaluate = Callable[[Peer, PeerClient], Evaluation]


class Race:
    """Peers that have been started, and what they have shown so far."""

    def __init__(self, records: Sequence[PeerRecord], start: Callable[[Peer], PeerClient], rule: RaceRule) -> None:
        """Start every peer that is not absent, one after the other."""
        self.records = records
        self._rule = rule
        self._order = np.random.default_rng(rule.seed)
        self._remotes: dict[str, PeerClient] = {}
        with ExitStack() as running:  # an interrupt ends those that run already
            for record in records:
                if record.runs:
                    self._start(record, start, running)
            self._running = running.pop_all()

    def _start(self, record: PeerRecord, start: Callable[[Peer], PeerClient], running: ExitStack) -> None:
        started = time.perf_counter()
        try:
            self._remotes[record.peer.key] = running.enter_context(start(record.peer))
        except SuiteError as error:
            record.failed = str(error)
        record.start_s = time.perf_counter() - started

    def warm_up(self, utterances: Sequence[Samples]) -> None:
        """Have each peer give its first answers, alone and as a corpus, which compiles what is compiled late."""
        for record in self._racing():
            for alone in (True, False):
                started = time.perf_counter()
                if record.runs:
                    self._turn(record, utterances, PeerTask(alone=alone))
                record.start_s += time.perf_counter() - started

    def latencies(self, speech: Mapping[float, Speech]) -> None:
        """Time single utterances of known lengths, by duration in seconds."""
        for _ in range(self._rule.rounds):
            for duration_s, spoken in speech.items():
                for record in self._shuffled():
                    task = PeerTask(alone=True, warmup=1, calls=self._rule.calls)
                    record.latency_s.setdefault(duration_s, []).extend(self._checked(record, task, spoken))

    def throughput(self, speech: Speech) -> None:
        """Time a corpus, block by block; each length is met for the first time, as in life."""
        for first in range(0, len(speech.utterances), self._rule.block):
            part = slice(first, first + self._rule.block)
            block = Speech(speech.utterances[part], speech.reference[part])
            for record in self._shuffled():
                record.block_s.extend(self._checked(record, PeerTask(alone=False), block))

    def evaluate(self, evaluate: Evaluate) -> None:
        """Have each peer transcribe a corpus, untimed."""
        for record in self._racing():
            try:
                record.evaluation = evaluate(record.peer, self._remotes[record.peer.key])
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
            found = self._remotes[record.peer.key].run(utterances, task)
        except SuiteError as error:
            record.failed = str(error)
            return [], []
        self._note(record)
        return found

    def _note(self, record: PeerRecord) -> None:
        done = self._remotes[record.peer.key].done
        record.size_bytes = done.size_bytes or record.size_bytes
        record.peak_bytes = max(done.peak_bytes, record.peak_bytes)

    def _racing(self) -> list[PeerRecord]:
        return [record for record in self.records if record.runs]

    def _shuffled(self) -> list[PeerRecord]:
        racing = self._racing()
        return [racing[number] for number in self._order.permutation(len(racing))]
