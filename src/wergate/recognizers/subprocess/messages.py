"""Messages between a client and its process: one line of JSON each; waveforms and logits are in files.

The process is `python -m MODULE FOLDER`. Its first input line is an order. Each further line is a `Task` on the
waveforms in the folder. The process writes the logits to the folder and answers `Done`. If it fails, it answers
`Failure` and ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

WAVEFORMS = "waveforms.npz"
LOGITS = "logits.npz"


class Failure(BaseModel):
    """Reason why the process stops; empty if an answer of any other class is parsed as this one."""

    failure: str = ""


class Order(BaseModel):
    """The IR to compile, with its options."""

    path: Path
    frontend: Path
    device: str
    inference_precision: str
    streams: int


class Primitive(BaseModel):
    """Layers of one kind that the same primitive of the runtime executes, and their work on the reference input."""

    kind: str
    name: str
    precision: str
    layers: int
    macs: int


class Executed(BaseModel):
    """The compiled model: the inference precision that the runtime chose, and its primitives, most work first."""

    precision: str
    primitives: list[Primitive]


class Task(BaseModel):
    """Request to run all utterances together, `warmup` times without and `calls` times with timing."""

    warmup: int = 0
    calls: int = 1


class Done(BaseModel):
    """Report that the logits of all timed calls are written, in order; `seconds` has the duration of each call."""

    seconds: list[float]


def write_arrays(path: Path, arrays: Sequence[npt.NDArray[np.float32]]) -> None:
    """Write arrays of any shapes to a `.npz` file, in their order."""
    np.savez(path, allow_pickle=False, **{str(number): array for number, array in enumerate(arrays)})


def read_arrays(path: Path) -> list[npt.NDArray[np.float32]]:
    """Read the arrays that `write_arrays` wrote."""
    with np.load(path, allow_pickle=False) as found:
        return [found[str(number)] for number in range(len(found.files))]
