"""Interface through which long steps report progress; the library itself prints nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """Passes items through and shows how many have passed."""

    def __call__(self, items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
        """Yield every item.

        Args:
            items: the work to do.
            description: the step, as it is shown.
            total: number of items, or None if unknown.
        """


def silent(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:  # noqa: ARG001
    """Yield every item and show nothing."""
    yield from items
