"""A process that is asked for logits; its environment is set before any runtime is loaded in it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
from wergate.recognizers.subprocess.messages import Done, Executed, Failure, Order, Task

_SOURCE = Path(wergate.__file__).parents[1]
_PARTING_S = 10.0  # for a process to end by itself, once nothing more is asked
_QUOTED = 60  # characters of what is no answer
Opening = TypeVar("Opening", bound=BaseModel)
Answer = TypeVar("Answer", bound=BaseModel)
Finished = TypeVar("Finished", bound=Done)


class Client(Generic[Opening]):
    """Asks a process of its own; used in a `with` statement, whose end ends the process.

    A subclass says what module the process runs, what helps where an answer takes too long, and how there is none.

    Attributes:
        opening: the answer to the order.
    """

    _module: str
    _remedy: str
    _failed = "cannot be run"

    def __init__(
        self, order: BaseModel, opening: type[Opening], *, environment: Mapping[str, str], name: str, patience_s: float
    ) -> None:
        """Start the process and have it do what is ordered.

        Args:
            environment: of the process.
            name: as messages show it.
            patience_s: that one answer may take.

        Raises:
            SuiteError: it cannot; told by itself, or by the last line of what it printed.
        """
        self._name, self._patience_s = name, patience_s
        self._waiting = self._late = False
        self._folder = tempfile.TemporaryDirectory(prefix="wergate-apart-")
        self._place = Path(self._folder.name)
        self._log = self._place / "log.txt"
        path = os.pathsep.join([str(_SOURCE), *filter(None, [environment.get("PYTHONPATH")])])  # ours before all others
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, in our own interpreter
                [sys.executable, "-m", self._module, self._folder.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                env={**environment, "PYTHONPATH": path},
            )
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
        """End the process, at once where it is at work, and remove its files."""
        if self._waiting:
            self._process.kill()
        try:
            with suppress(subprocess.TimeoutExpired):
                self._process.communicate(timeout=_PARTING_S)
        finally:
            self._process.kill()
            self._process.communicate()
            self._folder.cleanup()

    def infer(self, utterances: Sequence[Samples], task: Task, kind: type[Finished]) -> tuple[Finished, list[Logits]]:
        """Have a task done; the logits are those of one call after the other.

        Raises:
            SuiteError: the process failed at it.
        """
        messages.write_arrays(self._place / messages.WAVEFORMS, utterances)
        done = self._ask(task, kind)
        return done, messages.read_arrays(self._place / messages.LOGITS)

    def _ask(self, question: BaseModel, kind: type[Answer]) -> Answer:
        """Put a question and wait for the answer, but not for ever.

        Raises:
            SuiteError: the process failed at it, ended instead, took too long, or answered what is no answer.
        """
        self._waiting = True
        line = self._reply(question.model_dump_json())
        try:
            failure = Failure.model_validate_json(line).failure
            answer = None if failure else kind.model_validate_json(line)
        except ValidationError as error:
            said = ": ".join(filter(None, [f"it answered '{line.strip()[:_QUOTED]}'", self._last_words()]))
            raise SuiteError(f"{self._name} {self._failed}: {said}") from error
        if answer is None:
            raise SuiteError(f"{self._name} {self._failed}: {failure}")
        self._waiting = False
        return answer

    def _reply(self, question: str) -> str:
        """Return the line that comes back."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(self._patience_s, self._lose_patience)
        try:
            timer.start()
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if line.endswith("\n"):
            return line
        code = self._process.wait()
        late = f"{self._failed}: no answer within {self._patience_s:g} s; {self._remedy}"
        raise SuiteError(f"{self._name} {late if self._late else self._ended(code, self._last_words())}")

    def _lose_patience(self) -> None:
        self._late = True
        self._process.kill()

    def _ended(self, code: int, last_words: str) -> str:
        """Return how messages say that the process ended instead of answering."""
        return f"{self._failed}: {last_words or f'its process ended with {code}'}"

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else ""


class SubprocessRecognizer(Client[Executed]):
    """An IR in a process of its own; the opening is what the compiled model really is, as the process read it back.

    Attributes:
        spent_s: seconds of inference so far, as the process measured them.
    """

    _module = "wergate.recognizers.subprocess.worker"
    _remedy = "raise portability.patience_s, or lower --limit"

    def __init__(
        self, order: Order, frontend: Frontend, *, environment: Mapping[str, str], name: str, patience_s: float
    ) -> None:
        """Start the process and have it compile; see `Client`."""
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
