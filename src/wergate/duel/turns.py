"""Turns of two sides: blocks A B B A or B A A B within a pair of processes, and several pairs, each started for itself.

A compilation has a speed of its own. So the interval is over pairs of processes, and no pair decides alone.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from wergate.corpora.audio import Samples
from wergate.duel.answers import Answer, Contender, SideError
from wergate.duel.load import Pids, SidesLoad
from wergate.timing.calls import Side
from wergate.timing.paired import IsOpen, Paired, PairedRule, time_compilations

# threads of a runtime spin for a few milliseconds after a call; the pause leaves all cores to the next side
_SETTLE_S = 0.02
Start = Callable[[], Contender]


@dataclass(frozen=True)
class Speech:
    """The utterance that both sides are timed on: float32 samples of shape (samples,)."""

    id: str
    samples: Samples
    duration_s: float


@dataclass
class PairTimes:
    """Seconds of the timed calls of each side in one pair of processes."""

    first_s: list[float] = field(default_factory=list)
    second_s: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        """The second side's median time over the first's; None before both have one."""
        if not self.first_s or not self.second_s:
            return None
        return statistics.median(self.second_s) / statistics.median(self.first_s)


class Turns:
    """Times two sides. What a side that fails leaves behind stays in `pairs`.

    Attributes:
        pairs: times of each pair of processes so far.
    """

    def __init__(self, names: tuple[str, str], starts: tuple[Start, Start], speech: Speech, rule: PairedRule) -> None:
        """Take both sides; nothing is started yet.

        Args:
            names: both sides in messages.
            starts: start a process of each side.
            speech: what they are timed on.
            rule: settings of the timing; `compilations_min` is the number of pairs before the first look.
        """
        self.pairs: list[PairTimes] = []
        self._names, self._starts, self._speech, self._rule = names, starts, speech, rule
        self._running: dict[int, Contender] = {}

    def time(self, is_open: IsOpen) -> Paired:
        """Return the second side's time over the first's.

        Args:
            is_open: returns whether the verdict needs more pairs.

        Raises:
            SideError: a side died, took too long, or answered otherwise than before.
        """
        with self._ended():
            return time_compilations(self._pair, self._rule, is_open, load=SidesLoad(self._pids))

    def _pair(self) -> tuple[Side, Side]:
        """Start both sides again; the order alternates."""
        self._end()
        self.pairs.append(PairTimes())
        order = (0, 1) if len(self.pairs) % 2 else (1, 0)
        for which in order:
            self._running[which] = self._starts[which]()
        return self._side(0), self._side(1)

    def _side(self, which: int) -> Side:
        contender = self._running[which]
        expected = contender.hold(self._speech.id, self._speech.samples)
        times = (self.pairs[-1].first_s, self.pairs[-1].second_s)[which]

        def check(answer: object) -> None:
            assert isinstance(answer, Answer)
            if answer.text != expected.text:
                raise SideError(
                    f"side {self._names[which]} wrote '{answer.text[:60]}' in a timed call, but '{expected.text[:60]}' "
                    "for the same speech before; a side that answers at random has no speed"
                )
            times.append(answer.seconds)

        return Side(contender.again, after=check, ready=lambda: time.sleep(_SETTLE_S), seconds=_seconds)

    def _pids(self) -> Pids:
        first, second = (self._running.get(which) for which in (0, 1))
        return first.pid if first else None, second.pid if second else None

    def _end(self) -> None:
        while self._running:
            self._running.popitem()[1].close()

    @contextmanager
    def _ended(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._end()


def _seconds(answer: object) -> float:
    assert isinstance(answer, Answer)
    return answer.seconds
