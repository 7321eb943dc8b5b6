"""An IR that runs in a process of its own, so that its instruction set can be limited before the runtime is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
from pydantic import BaseModel

import wergate
from wergate.corpora.audio import Samples
from wergate.errors import SuiteError
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.recognizers.subprocess.messages import Done, Executed, Order, Task, read_arrays, write_arrays

_WORKER = "wergate.recognizers.subprocess.worker"
_SOURCE = Path(wergate.__file__).parents[1]
Answer = TypeVar("Answer", bound=BaseModel)


class ApartRecognizer:
    """Asks a process of its own for logits; used in a `with` statement, whose end ends the process.

    Attributes:
        executed: what the compiled model really is, as the process read it back.
        spent_s: seconds of inference so far, as the process measured them.
    """

    def __init__(
        self, order: Order, frontend: Frontend, *, environment: dict[str, str], name: str, patience_s: float
    ) -> None:
        """Start the process and have it compile.

        Args:
            environment: of the process.
            name: as messages show it.
            patience_s: that one answer may take.

        Raises:
            SuiteError: the IR cannot be run there, with the process's own last line.
        """
        self.frontend = frontend
        self.spent_s = 0.0
        self._name = name
        self._patience_s = patience_s
        self._late = False
        self._folder = tempfile.TemporaryDirectory(prefix="wergate-apart-")
        self._place = Path(self._folder.name)
        self._process = self._start(environment)
        try:
            self.executed = self._ask(order, Executed)
        except BaseException:
            self.close()
            raise

    def _start(self, environment: dict[str, str]) -> subprocess.Popen[str]:
        with self._errors.open("w", encoding="utf-8") as errors:
            return subprocess.Popen(  # noqa: S603 - our own module, in our own interpreter
                [sys.executable, "-m", _WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment | {"PYTHONPATH": _with_source(environment)},
            )

    @property
    def _errors(self) -> Path:
        return self._place / "errors.txt"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process and remove its files."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        return np.stack(self.logits_of(list(waveforms)))

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        for samples in utterances:
            self.frontend.require_frame(len(samples))
        task = Task(waveforms=self._place / "waveforms.npz", logits=self._place / "logits.npz")
        write_arrays(task.waveforms, utterances)
        self.spent_s += self._ask(task, Done).seconds
        return read_arrays(task.logits)

    def _ask(self, question: BaseModel, kind: type[Answer]) -> Answer:
        """Put a question and wait for the answer, but not for ever.

        Raises:
            SuiteError: the process ended instead, or took too long.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(self._patience_s, self._lose_patience)
        timer.start()
        try:
            self._process.stdin.write(question.model_dump_json() + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if not line:
            raise SuiteError(f"{self._name} cannot be run: {self._reason()}")
        return kind.model_validate_json(line)

    def _lose_patience(self) -> None:
        self._late = True
        self._process.kill()

    def _reason(self) -> str:
        code = self._process.wait()
        if self._late:
            return f"no answer within {self._patience_s:g} s; raise portability.patience_s, or lower --limit"
        told = self._errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return told[-1] if told else f"its process ended with {code}"


def _with_source(environment: dict[str, str]) -> str:
    """Return where the process finds this package, before all that it would look through anyway."""
    return os.pathsep.join([str(_SOURCE), *filter(None, [environment.get("PYTHONPATH")])])
