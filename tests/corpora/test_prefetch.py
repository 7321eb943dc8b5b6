"""Prefetching of audio: in order, at most one item ahead, and without a thread left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import PATIENCE_S, Clock
from wergate.corpora.audio import Waveform
from wergate.corpora.corpus import Utterance
from wergate.corpora.prefetch import Prefetched, in_blocks

RATE = 16_000
MOMENT_S = 0.05  # time to wait for an item that must not be made


class Counted:
    """An endless generator that counts its items and records the threads that made them."""

    def __init__(self) -> None:
        self.made = 0
        self.closed = False
        self.threads: set[str] = set()
        self._changed = threading.Condition()

    def items(self) -> Iterator[int]:
        try:
            while True:
                with self._changed:
                    self.made += 1
                    self._changed.notify_all()
                self.threads.add(threading.current_thread().name)
                yield self.made
        finally:
            self.closed = True

    def has_made(self, number: int) -> bool:
        """Wait until the generator has made `number` items; return False if it makes more."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.made >= number, PATIENCE_S)
            return not self._changed.wait_for(lambda: self.made > number, MOMENT_S)


def threads() -> list[str]:
    """Return the names of all prefetching threads."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def use(items: Iterator[int], do: Callable[[int], object]) -> None:
    """Call a function with every item."""
    with Prefetched(items) as ahead:
        for item in ahead:
            do(item)


@given(st.lists(st.integers(), max_size=20))
def test_items_come_in_order(items: list[int]) -> None:
    """Every item comes once, and an empty item does not end the iteration."""
    with Prefetched(iter([[item] * (item % 3) for item in items])) as ahead:
        assert [[item] * (item % 3) for item in items] == list(ahead)
    assert [] == threads()


def test_one_item_is_made_ahead_and_no_more() -> None:
    """While the caller uses an item, another thread makes the next one and no more."""
    source = Counted()
    with Prefetched(source.items()) as ahead:
        for item in ahead:
            assert source.has_made(item + 1)
            if item == 3:
                break
    assert threading.current_thread().name not in source.threads
    assert (True, []) == (source.closed, threads())


def test_waiting_is_measured_and_hidden_by_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller without work waits for every item; one whose work takes longer than an item waits only for the first."""

    def waited_s(*, work: bool) -> float:
        clock, made = Clock(monkeypatch), [threading.Event() for _ in range(5)]

        def slow() -> Iterator[int]:
            for number, event in enumerate(made):
                if work and number:
                    clock.now_s += 0.05
                else:
                    clock.pass_while_waited_for(0.05)
                event.set()
                yield number

        with Prefetched(slow()) as ahead:
            for number in ahead:
                assert not work or made[min(number + 1, 4)].wait(PATIENCE_S)
        return ahead.waited_s

    assert 0.25 == pytest.approx(waited_s(work=False))
    assert 0.05 == pytest.approx(waited_s(work=True))


def test_an_exception_arrives_in_its_place() -> None:
    """The items before the exception are delivered, then it is raised, and no thread is left."""

    def broken() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the disk is gone")

    got: list[int] = []
    with pytest.raises(OSError, match="the disk is gone"):
        use(broken(), got.append)
    assert ([1, 2], []) == (got, threads())


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_user_leaves_nothing_behind(error: type[BaseException]) -> None:
    """After Ctrl-C or an error in the caller, the thread has ended and the generator is closed."""
    source = Counted()

    def fail(item: int) -> None:
        if item == 2:
            raise error

    with pytest.raises(error):
        use(source.items(), fail)
    assert (True, []) == (source.closed, threads())


def utterances(durations_s: list[float]) -> list[Utterance]:
    """Return silent utterances with the given durations."""
    made = enumerate(durations_s)
    return [Utterance(str(n), "", "", Waveform(np.zeros(round(s * 10), np.float32), 10, 10, 1)) for n, s in made]


@given(st.lists(st.sampled_from([0.1, 3.0, 200.0, 599.0, 900.0]), max_size=300))
def test_blocks_are_bounded_in_number_and_in_seconds(durations_s: list[float]) -> None:
    """A block has at most 64 utterances, fewer than 600 s before its last one, and all blocks make up the corpus."""
    corpus = utterances(durations_s)
    blocks = list(in_blocks(corpus))
    assert corpus == [utterance for block in blocks for utterance in block]
    for block in blocks:
        assert 1 <= len(block) <= 64
        assert sum(utterance.waveform.duration_s for utterance in block[:-1]) < 600


def test_the_first_blocks_are_small() -> None:
    """Blocks start small, so that inference starts soon, and grow to 64 utterances."""
    assert [8, 16, 32, 64, 64, 16] == [len(block) for block in in_blocks(utterances([1.0] * 200))]
