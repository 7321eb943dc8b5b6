"""A peer in a process of its own, as a recognizer of this one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import Pipe
from pathlib import Path

import wergate
from wergate.corpora.audio import Samples
from wergate.errors import SuiteError
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.studies.peers.messages import Answer, Order, Task

_PATIENCE_S = 10.0  # for a process to end by itself, once nothing more is asked
_INHERITED_LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")  # each peer is told its threads itself


class Remote:
    """A recognizer that another process runs; it waits, without turning, while others have their turn.

    Attributes:
        answer: the last one, with the size of the model and the most memory held until then.
    """

    def __init__(self, order: Order, frontend: Frontend, environment: Mapping[str, str]) -> None:
        """Start the process; it loads the model at once.

        Raises:
            SuiteError: it could not.
        """
        self.frontend = frontend
        self.answer = Answer()
        self._name = order.peer.key
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._connection, other = Pipe()
        inherited = {key: value for key, value in os.environ.items() if key not in _INHERITED_LIMITS}
        self._process = subprocess.Popen(  # noqa: S603 - our own module, in our own interpreter
            [sys.executable, "-m", "wergate.studies.peers.worker", str(other.fileno())],
            env=inherited | {"PYTHONPATH": str(Path(wergate.__file__).parents[1])} | dict(environment),
            pass_fds=[other.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )
        other.close()
        self._ask(order)

    def run(self, task: Task) -> Answer:
        """Have a task done.

        Raises:
            SuiteError: the process failed at it, or died.
        """
        self.answer = self._ask(task)
        return self.answer

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`; of a batch of one."""
        return self.run(Task([waveforms[0]], alone=True)).logits[0][0][None]

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        return self.run(Task(utterances, alone=False)).logits[0]

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _ask(self, question: Order | Task) -> Answer:
        try:
            self._connection.send(question)
            answer: Answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise SuiteError(
                f"{self._name} died with exit code {self._process.wait()}: {self._last_words()}"
            ) from error
        if answer.wrong:
            raise SuiteError(f"{self._name} failed: {answer.wrong}")
        return answer

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
