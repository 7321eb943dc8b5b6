"""Audio ahead of inference: the next block is decoded in a thread while the network is at work on this one."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

from wergate.corpora.corpus import Utterance

Item = TypeVar("Item")
_UTTERANCES = 64  # in flight: enough to keep every stream busy, few enough to stay small in memory
_AUDIO_S = 600.0  # and few enough where they are long
_FIRST = 8  # the first block is waited for: it is a small one


def in_blocks(utterances: Iterable[Utterance]) -> Iterator[list[Utterance]]:
    """Yield utterances in blocks that are bounded in number and in seconds, the first ones smaller."""
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
    """Takes the next item from an iterator in a thread of its own while this one is used; never more than one ahead.

    Used in a `with` statement, whose end, whatever its reason, ends the thread and closes the iterator, where it is a
    generator.

    Attributes:
        waited_s: seconds for which the user of the items has waited for them.
    """

    def __init__(self, items: Iterator[Item]) -> None:
        """Take the iterator; nothing is asked of it before the `with` statement."""
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
        self._thread.shutdown(cancel_futures=True)  # waits for the item in the making: it cannot be interrupted
        if isinstance(self._items, Generator):
            self._items.close()

    def __iter__(self) -> Iterator[Item]:
        """Yield the items in their order.

        Raises:
            Exception: what the iterator raises, in the place of the item that it did not make.
        """
        while item := self._wait():
            self._next = self._ask()
            yield item[0]

    def _ask(self) -> Future[list[Item]]:
        return self._thread.submit(self._take)

    def _take(self) -> list[Item]:
        """Return the next item in a list of one, or an empty list at the end."""
        for item in self._items:
            return [item]
        return []

    def _wait(self) -> list[Item]:
        started = time.perf_counter()
        try:
            return self._next.result()
        finally:
            self.waited_s += time.perf_counter() - started
