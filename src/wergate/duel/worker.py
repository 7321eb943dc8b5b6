"""A side that runs an IR: a process of `duel_driver` in the side's own environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import duel_driver
from duel_driver.wire import WireError, read_message, write_message
from wergate.corpora.audio import Samples
from wergate.duel.answers import Answer, IrTooNewError, SideError, silence
from wergate.duel.environment import Environment
from wergate.environment.machine import thread_options
from wergate.networks.ctc import greedy_decode
from wergate.networks.frontend import Frontend
from wergate.networks.ir.file import ir_signature
from wergate.networks.ir.precision import INFERENCE_PRECISION
from wergate.recognizers.subprocess.child import Child

_SOURCE = Path(duel_driver.__file__).parents[1]
_SHOWN = 300  # characters of an error of another process
# what the folder of sources would add to another environment must not be imported there
_SETTINGS = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "PYTHONNOUSERSITE": "1"}


@dataclass(frozen=True)
class NetworkSide:
    """A side that runs an IR.

    Attributes:
        name: the side in messages.
        ir: the `.xml`, with its `.bin` in the same folder.
        made_by: release of OpenVINO that wrote the IR.
        frontend: features, frame geometry and alphabet of the network.
        environment: the Python that runs it.
        device, inference_precision: what it is compiled for.
        patience_s: longest time of one answer.
        log: file for the output of its process.
        added: known slowdown, a share of each call; 0 except in trials of the duel itself.
    """

    name: str
    ir: Path
    made_by: str
    frontend: Frontend
    environment: Environment
    device: str
    inference_precision: str
    patience_s: float
    log: Path
    added: float = 0.0


@dataclass(frozen=True)
class Compiled:
    """Versions and precision that the runtime of a side reports."""

    precision: str
    python: str
    openvino: str
    numpy: str


@dataclass(frozen=True)
class SideLayer:
    """An executed layer: the operations of the IR that it stands for, its kernel, and the types of its operands."""

    names: tuple[str, ...]
    kind: str
    primitive: str
    types: tuple[str, ...]


class DriverProcess:
    """A process of `duel_driver`; leaving the `with` statement ends it."""

    def __init__(self, python: Path, name: str, log: Path, patience_s: float) -> None:
        """Start the process.

        Args:
            python: interpreter of the side's environment.
            name: the side in messages.
            log: file for its output.
            patience_s: longest time of one answer.
        """
        self._name, self._patience_s = name, patience_s
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **_SETTINGS, "PYTHONPATH": str(_SOURCE)}
        self.child = Child([python, "-m", duel_driver.__name__], environment=environment, log=log, own_group=True)

    def ask(self, head: Mapping[str, Any], arrays: Sequence[Any] = ()) -> tuple[dict[str, Any], list[Any]]:
        """Send a task and return the head and the arrays of its answer.

        Raises:
            SideError: the process died, took too long, failed or answered nonsense.
        """
        child = self.child
        child.waiting = True
        try:
            with child.patience(self._patience_s):
                write_message(child.stdin, head, arrays)
                message = read_message(child.stdout)
        except BrokenPipeError:
            message = None
        except WireError as error:
            raise self._error(str(error)) from error
        if message is None:
            raise self._error(silence(child, self._patience_s))
        child.waiting = False
        return message

    def _error(self, what: str) -> SideError:
        return SideError(f"side {self._name} {what[:_SHOWN]}; its log is kept in '{self.child.log}'")

    def run(self, head: Mapping[str, Any], arrays: Sequence[Any] = ()) -> tuple[dict[str, Any], list[Any]]:
        """Send a task as `ask` does, and refuse an answer that reports an error.

        Raises:
            SideError: as in `ask`, or the task failed.
        """
        found, answered = self.ask(head, arrays)
        if "error" in found:
            lines = str(found["error"]).strip().splitlines()
            raise self._error(f"failed: {lines[-1] if lines else 'it gave no reason'}")
        return found, answered

    def close(self) -> None:
        """End the process."""
        self.child.close()


class NetworkWorker:
    """A running side with an IR.

    Attributes:
        compiled: what its runtime says of itself.
        pid: number of its process.
    """

    def __init__(self, side: NetworkSide) -> None:
        """Start the process and compile the IR in it.

        Raises:
            IrTooNewError: the runtime is older than the IR and cannot read it.
            SideError: the process failed.
        """
        self._side = side
        self._frontend = side.frontend
        self._signature = ir_signature(side.ir, len(side.frontend.alphabet.labels))
        self._process = DriverProcess(side.environment.python, side.name, side.log, side.patience_s)
        self.pid: int | None = self._process.child.pid
        try:
            self.compiled = self.load(side.ir)
        except BaseException:
            self.close()
            raise

    def load(self, ir: Path) -> Compiled:
        """Read and compile an IR in the process.

        Raises:
            IrTooNewError: the runtime cannot read it.
            SideError: the process failed.
        """
        side = self._side
        options = {INFERENCE_PRECISION: side.inference_precision, "PERFORMANCE_HINT": "LATENCY", **thread_options()}
        head, _ = self._process.run({"do": "load", "ir": str(ir), "device": side.device, "options": options})
        if "unreadable" in head:
            raise IrTooNewError(
                f"SKIP: side {side.name} cannot read the IR of OpenVINO {side.made_by}: "
                f"{head['unreadable'].strip().splitlines()[-1][:_SHOWN]}; --ir own lets each side build its own"
            )
        return Compiled(head["precision"], head["python"], head["openvino"], head["numpy"])

    def answer(self, utterance: str, samples: Samples) -> Answer:
        """See `Contender.answer`."""
        del utterance
        return self._decoded(*self._asked("infer", samples))

    def hold(self, utterance: str, samples: Samples) -> Answer:
        """See `Contender.hold`."""
        return self.answer(utterance, samples)

    def again(self) -> Answer:
        """See `Contender.again`; the seconds are those of the inference alone."""
        head, arrays = self._process.run({"do": "time", "output": self._signature.output, "added": self._side.added})
        return self._decoded(head, arrays)

    def executed(self, samples: Samples) -> list[SideLayer]:
        """Return the executed layers, compiled for the length of an utterance."""
        head, _ = self._asked("executed", samples)
        return [
            SideLayer(tuple(one["names"]), one["kind"], one["primitive"], tuple(one["types"])) for one in head["layers"]
        ]

    def _asked(self, task: str, samples: Samples) -> tuple[dict[str, Any], list[Any]]:
        self._frontend.require_frame(len(samples))
        feed = self._signature.feed(self._frontend.features(samples)[None])
        inputs = [{"key": key, "dtype": str(array.dtype)} for key, array in feed.items()]
        head = {"do": task, "inputs": inputs, "output": self._signature.output}
        return self._process.run(head, list(feed.values()))

    def _decoded(self, head: Mapping[str, Any], arrays: Sequence[Any]) -> Answer:
        logits = self._signature.logits(np.asarray(arrays[0]))[0]
        return Answer(greedy_decode(logits, self._frontend.alphabet), logits, float(head.get("seconds", 0.0)))

    def close(self) -> None:
        """See `Contender.close`."""
        self._process.close()
