"""A clock that a test controls, to measure the time spent waiting for audio without really waiting."""

from __future__ import annotations

import threading

import pytest

from wergate.corpora import prefetch

PATIENCE_S = 60.0  # time limit of all waits, so that a stuck thread does not hang the tests


class Clock:
    """A replacement for the module `time` in `wergate.corpora.prefetch`, whose time the test sets.

    Attributes:
        now_s: current time in seconds.
        waiting: set while the consumer waits for an item. It reads the clock before and after each wait.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        self.waiting = threading.Event()
        monkeypatch.setattr(prefetch, "time", self)

    def perf_counter(self) -> float:
        """Return the current time, and note that a wait begins or ends."""
        (self.waiting.clear if self.waiting.is_set() else self.waiting.set)()
        return self.now_s

    def pass_while_waited_for(self, seconds: float) -> None:
        """Advance the time once the consumer waits for an item."""
        assert self.waiting.wait(PATIENCE_S)
        self.now_s += seconds
