"""Large things that are kept as long as there is room, the one asked for last longest."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Budget(Generic[Made]):
    """Keeps what was made, by key, while all of it fits into so many bytes; the newest is kept whatever its size."""

    def __init__(self, limit_bytes: float) -> None:
        """Take the limit."""
        self._limit_bytes = limit_bytes
        self._kept: dict[Hashable, tuple[Made, float]] = {}

    def get(self, key: Hashable, make: Callable[[], Made], size_bytes: Callable[[Made], float]) -> Made:
        """Return what is kept under a key; else make it, letting go of what was asked for longest ago to have room."""
        made, size = self._kept.pop(key) if key in self._kept else self._made(make, size_bytes)
        self._make_room(size)
        self._kept[key] = made, size
        return made

    def _made(self, make: Callable[[], Made], size_bytes: Callable[[Made], float]) -> tuple[Made, float]:
        made = make()
        return made, size_bytes(made)

    def _make_room(self, size_bytes: float) -> None:
        while self._kept and sum(size for _, size in self._kept.values()) + size_bytes > self._limit_bytes:
            del self._kept[next(iter(self._kept))]
