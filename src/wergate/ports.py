"""A network's inputs and outputs as its file declares them, whichever runtime reads the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

Key = str | int
Feed = dict[Key, npt.NDArray[Any]]
Run = Callable[[Feed], Sequence[npt.NDArray[Any]]]
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Port:
    """An input or an output as the file declares it.

    Attributes:
        key: what the runtime finds it by, a name or a position.
        dtype: NumPy's name of the element type.
        shape: None for a dimension that is dynamic, and for the whole where even the rank is.
    """

    name: str
    key: Key
    dtype: str
    shape: Shape | None

    @property
    def rank(self) -> int | None:
        """Number of dimensions, None where it is not declared."""
        return None if self.shape is None else len(self.shape)

    def says(self, *words: str) -> bool:
        """Tell whether the name contains one of the words."""
        return any(word in self.name.lower() for word in words)

    def __str__(self) -> str:
        shape = "?" if self.shape is None else ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"'{self.name}' {self.dtype} ({shape})"


@dataclass(frozen=True)
class Ports:
    """All inputs and outputs of a network, and how it is run.

    Attributes:
        source: what messages call the network.
        run: gives all outputs, in their order, for a feed.
    """

    source: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    run: Run
