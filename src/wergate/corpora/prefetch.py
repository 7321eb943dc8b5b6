"""Prefetching of audio: a thread decodes the next block while the network processes the current one."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

from wergate.corpora.corpus import Utterance

Item = TypeVar("Item")
_UTTERANCES = 64  # per block: enough to keep every stream busy, few enough to need little memory
_AUDIO_S = 600.0  # per block, which bounds the memory for long utterances
_FIRST = 8  # inference waits for the first block, so it is small


def in_blocks(utterances: Iterable[Utterance]) -> Iterator[list[Utterance]]:
    """Yield utterances in blocks of 8, 16, 32 and then 64; a block ends early once it has 600 s of audio."""
    block: list[Utterance] = []
    most, audio_s = _FIRST, 0.0
    for utterance in utterances:
        block.append(utterance)
        audio_s += utterance.waveform.duration_s
        if len(block) >= most or audio_s >= _AUDIO_S:
            yield block
            block, most, audio_s = [], min(2 * most, _UTTERANCES), 0.0
    if block:
        yield block


class Prefetched(Generic[Item]):
    """An iterator whose next item a thread produces while the caller uses the current one.

    The thread is never more than one item ahead. Use it in a `with` statement. Its end, even after an exception,
    ends the thread and closes the underlying iterator if that is a generator.

    Attributes:
        waited_s: seconds that the caller has spent waiting for items.
    """

    def __init__(self, items: Iterator[Item]) -> None:
        """Set the iterator, from which nothing is read before the `with` statement."""
        self.waited_s = 0.0
        self._items = items
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
        self._next: Future[list[Item]]

    def __enter__(self) -> Self:
        self._next = self._ask()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)  # waits for the current item, which cannot be interrupted
        if isinstance(self._items, Generator):
            self._items.close()

    def __iter__(self) -> Iterator[Item]:
        """Yield the items in order.

        Raises:
            Exception: the underlying iterator raised it in place of an item.
        """
        while item := self._wait():
            self._next = self._ask()
            yield item[0]

    def _ask(self) -> Future[list[Item]]:
        return self._thread.submit(self._take)

    def _take(self) -> list[Item]:
        """Return the next item in a list of its own, or an empty list at the end."""
        for item in self._items:
            return [item]
        return []

    def _wait(self) -> list[Item]:
        started = time.perf_counter()
        try:
            return self._next.result()
        finally:
            self.waited_s += time.perf_counter() - started
