"""A clock that a test turns: what waits for audio is measured without waiting."""

from __future__ import annotations

import threading

import pytest

from wergate.corpora import prefetch

PATIENCE_S = 60.0  # a thread that never gets what it waits for must not hang the tests


class Clock:
    """Stands for the module `time` where audio is prefetched; its time passes only where a test lets it.

    Attributes:
        now_s: the time.
        waiting: set while the user of prefetched items waits for one, since that reads the clock before and after.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        self.waiting = threading.Event()
        monkeypatch.setattr(prefetch, "time", self)

    def perf_counter(self) -> float:
        """Return the time."""
        (self.waiting.clear if self.waiting.is_set() else self.waiting.set)()
        return self.now_s

    def pass_while_waited_for(self, seconds: float) -> None:
        """Let time pass as soon as the user of prefetched items waits for one."""
        assert self.waiting.wait(PATIENCE_S)
        self.now_s += seconds
