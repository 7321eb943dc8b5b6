"""What a process that runs an IR apart is asked, and what it answers: a line of JSON each, logits in files.

The process is `python -m wergate.recognizers.subprocess.worker`. Its first line is an `Order`, answered by `Executed`;
each line after that is a `Task`, answered by `Done`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel


class Order(BaseModel):
    """Which IR to compile, and how."""

    path: Path
    frontend: Path
    device: str
    inference_precision: str
    streams: int


class Primitive(BaseModel):
    """Layers of one kind that one primitive of the runtime executes, and their work on the reference input."""

    kind: str
    name: str
    precision: str
    layers: int
    macs: int


class Executed(BaseModel):
    """What the compiled model really is: the inference precision it took, and its primitives, the heaviest first."""

    precision: str
    primitives: list[Primitive]

    @property
    def shares(self) -> dict[str, float]:
        """Share of the work by primitive."""
        macs = sum(primitive.macs for primitive in self.primitives) or 1
        shares: dict[str, float] = {}
        for primitive in self.primitives:
            shares[primitive.name] = shares.get(primitive.name, 0.0) + primitive.macs / macs
        return shares


class Task(BaseModel):
    """Files: waveforms to run, and where their logits go."""

    waveforms: Path
    logits: Path


class Done(BaseModel):
    """The logits are written; `seconds` is what their inference took."""

    seconds: float


def write_arrays(path: Path, arrays: Sequence[npt.NDArray[np.float32]]) -> None:
    """Write arrays of any shapes, in their order."""
    np.savez(path, allow_pickle=False, **{str(number): array for number, array in enumerate(arrays)})


def read_arrays(path: Path) -> list[npt.NDArray[np.float32]]:
    """Read what `write_arrays` wrote."""
    with np.load(path, allow_pickle=False) as found:
        return [found[str(number)] for number in range(len(found.files))]
