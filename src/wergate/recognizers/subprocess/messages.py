"""What a process apart is asked, and what it answers: a line of JSON each, waveforms and logits in files.

The process is `python -m MODULE FOLDER`. Its first line is an order, each line after that a `Task` over the waveforms
that lie in the folder, whose logits lie there once it is answered by `Done`. `Failure` instead of an answer is the end.
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
    """Why nothing more is answered; empty where an answer of any other kind is read as one."""

    failure: str = ""


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


class Task(BaseModel):
    """Utterances to run, together: `warmup` times untimed, then `calls` times."""

    warmup: int = 0
    calls: int = 1


class Done(BaseModel):
    """The logits of each timed call are written, one call after the other; `seconds` is what each took."""

    seconds: list[float]


def write_arrays(path: Path, arrays: Sequence[npt.NDArray[np.float32]]) -> None:
    """Write arrays of any shapes, in their order."""
    np.savez(path, allow_pickle=False, **{str(number): array for number, array in enumerate(arrays)})


def read_arrays(path: Path) -> list[npt.NDArray[np.float32]]:
    """Read what `write_arrays` wrote."""
    with np.load(path, allow_pickle=False) as found:
        return [found[str(number)] for number in range(len(found.files))]
