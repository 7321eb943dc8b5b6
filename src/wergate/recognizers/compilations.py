"""Compilations whose streams are compared before use, and a counter of rejected ones over all runs of a store."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wergate.environment.machine import cpu, version
from wergate.errors import SuiteError
from wergate.store import Store

COUNTER = "compilations"


@dataclass(frozen=True)
class Compilation:
    """A model that was compiled for several streams, and the comparison of its streams.

    Attributes:
        samples: the fixed length of its input in samples, or None for any length.
        streams: number of streams.
        accepted: True if every stream gave the right logits; otherwise the compiled model is not used.
    """

    samples: int | None
    streams: int
    accepted: bool


Report = Callable[[Compilation], None]


def ignore(_compilation: Compilation) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class Counts:
    """Compilations for several streams over all runs, on one instruction set with one version of OpenVINO."""

    isa: str
    openvino: str
    tried: int
    rejected: int


class Counter:
    """Counts compilations over all runs that share a store; it counts none if the store cannot be written."""

    def __init__(self, store: Store) -> None:
        """Take the store that keeps the counter."""
        self._store = store

    def add(self, compilation: Compilation) -> Counts:
        """Count a compilation and return the counts of this kind of machine and this version of OpenVINO."""
        isa, openvino = cpu().isa, version("openvino")
        added = {"tried": 1, "rejected": int(not compilation.accepted)}

        def counted(before: dict[str, Any]) -> dict[str, Any]:
            known = before.get(isa, {})
            sums = {name: known.get(openvino, {}).get(name, 0) + number for name, number in added.items()}
            return {**before, isa: {**known, openvino: sums}}

        found = {isa: {openvino: added}}
        # A run that finds everything in the store works with a read-only one, and must not stop because of a count.
        with contextlib.suppress(SuiteError):
            found = self._store.update(COUNTER, counted)
        return Counts(isa, openvino, **found[isa][openvino])
