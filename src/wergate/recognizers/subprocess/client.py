"""Client of a separate process that computes logits; its environment is set before it loads a runtime."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Generic, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

import wergate
from wergate.corpora.audio import Samples
from wergate.errors import SuiteError
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.recognizers.subprocess import messages
from wergate.recognizers.subprocess.child import Child
from wergate.recognizers.subprocess.messages import Done, Executed, Failure, Order, Task
from wergate.steps import end_of

_SOURCE = Path(wergate.__file__).parents[1]
_QUOTED = 60  # characters of an invalid answer that a message quotes
Opening = TypeVar("Opening", bound=BaseModel)
Answer = TypeVar("Answer", bound=BaseModel)
Finished = TypeVar("Finished", bound=Done)


class Client(Generic[Opening]):
    """Starts a separate process and exchanges messages with it; leaving the `with` statement ends the process.

    A subclass sets the module that the process runs (`_module`), the remedy for an answer that takes too long
    (`_remedy`), and the words that describe a failure (`_failed`).

    Attributes:
        opening: the answer to the order.
    """

    _module: str
    _remedy: str
    _failed = "cannot be run"

    def __init__(
        self, order: BaseModel, opening: type[Opening], *, environment: Mapping[str, str], name: str, patience_s: float
    ) -> None:
        """Start the process and send it an order.

        Args:
            order: the first message to the process.
            opening: class of the answer to the order.
            environment: environment variables of the process.
            name: name of the process in messages.
            patience_s: longest time in seconds that one answer may take.

        Raises:
            SuiteError: the process failed; the message has the process's reason or the last line that it printed.
        """
        self._name, self._patience_s = name, patience_s
        self._folder = tempfile.TemporaryDirectory(prefix="wergate-apart-")
        self._place = Path(self._folder.name)
        path = os.pathsep.join([str(_SOURCE), *filter(None, [environment.get("PYTHONPATH")])])  # this package first
        command = [sys.executable, "-m", self._module, self._folder.name]
        self._child = Child(command, environment={**environment, "PYTHONPATH": path}, log=self._place / "log.txt")
        try:
            self.opening = self._ask(order, opening)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, without delay if it is still computing, and remove its files."""
        try:
            self._child.close()
        finally:
            self._folder.cleanup()

    def infer(self, utterances: Sequence[Samples], task: Task, kind: type[Finished]) -> tuple[Finished, list[Logits]]:
        """Run a task on utterances and return its answer and the logits of all timed calls, in order.

        Args:
            utterances: float32 arrays of shape (samples,).
            task: the number of untimed and timed calls.
            kind: class of the answer.

        Raises:
            SuiteError: the process failed.
        """
        messages.write_arrays(self._place / messages.WAVEFORMS, utterances)
        done = self._ask(task, kind)
        return done, messages.read_arrays(self._place / messages.LOGITS)

    def _ask(self, question: BaseModel, kind: type[Answer]) -> Answer:
        """Send a question and wait for the answer, at most `patience_s` seconds.

        Raises:
            SuiteError: the process failed, ended without an answer, took too long, or gave an invalid answer.
        """
        line = self._reply(question.model_dump_json())
        try:
            failure = Failure.model_validate_json(line).failure
            answer = None if failure else kind.model_validate_json(line)
        except ValidationError as error:
            said = ": ".join(filter(None, [f"it answered '{line.strip()[:_QUOTED]}'", self._child.last_words()]))
            raise SuiteError(f"{self._name} {self._failed}: {said}") from error
        if answer is None:
            raise SuiteError(f"{self._name} {self._failed}: {failure}")
        self._child.waiting = False
        return answer

    def _reply(self, question: str) -> str:
        """Send a line and return the line that the process answers."""
        child = self._child
        line = child.answer_to(question, self._patience_s)
        if line.endswith("\n"):
            return line
        code = child.code()
        late = f"{self._failed}: no answer within {self._patience_s:g} s; {self._remedy}"
        raise SuiteError(f"{self._name} {late if child.late else self._ended(code, child.last_words())}")

    def _ended(self, code: int, last_words: str) -> str:
        """Return the text of a message about a process that ended without an answer."""
        return f"{self._failed}: {last_words or end_of(code)}"


class SubprocessRecognizer(Client[Executed]):
    """Runs an IR in a separate process; its `opening` describes the compiled model.

    Attributes:
        frontend: features, frame geometry and alphabet of the network.
        spent_s: seconds of inference so far, measured by the process.
    """

    _module = "wergate.recognizers.subprocess.worker"
    _remedy = "raise portability.patience_s, or lower --limit"

    def __init__(
        self, order: Order, frontend: Frontend, *, environment: Mapping[str, str], name: str, patience_s: float
    ) -> None:
        """Start the process and compile the IR in it; see `Client`."""
        super().__init__(order, Executed, environment=environment, name=name, patience_s=patience_s)
        self.frontend = frontend
        self.spent_s = 0.0

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        return np.stack(self.logits_of(list(waveforms)))

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        for samples in utterances:
            self.frontend.require_frame(len(samples))
        done, logits = self.infer(utterances, Task(), Done)
        self.spent_s += sum(done.seconds)
        return logits
