"""A side that is a program: it reads a line of JSON for each utterance and answers with one."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from wergate.corpora.audio import Samples
from wergate.duel.answers import Answer, SideError, silence
from wergate.networks.ctc import Logits
from wergate.recognizers.subprocess.child import Child
from wergate.steps import said

_AUDIO = "audio.wav"
_QUOTED = 60  # characters of an answer in a message
_MATRIX = 2  # axes of logits


@dataclass(frozen=True)
class CommandSide:
    """A side that is a program.

    Attributes:
        name: the side in messages.
        command: the program with its arguments, quoted as in a shell.
        sampling_rate: sampling rate of its recordings in Hz.
        patience_s: longest time of one answer.
        log: file for its standard error.
    """

    name: str
    command: str
    sampling_rate: int
    patience_s: float
    log: Path


class CommandWorker:
    """A running program.

    A question is `{"id", "audio", "sampling_rate"}`, with the path of a WAV file. The answer is `{"id", "text"}`, and
    may have `logits`, the path of a `.npy` file of shape (frames, vocabulary).

    Attributes:
        pid: number of its process.
    """

    def __init__(self, side: CommandSide) -> None:
        """Start the program.

        Raises:
            SideError: there is no such program.
        """
        self._side = side
        self._folder = tempfile.TemporaryDirectory(prefix="wergate-duel-")
        self._held = ""
        side.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._child = Child(shlex.split(side.command), environment=os.environ, log=side.log, own_group=True)
        except OSError as error:
            self._folder.cleanup()
            raise SideError(
                f"side {side.name} cannot be started: {said(error)}; a program that reads lines of JSON is accepted"
            ) from error
        self.pid: int | None = self._child.pid

    def answer(self, utterance: str, samples: Samples) -> Answer:
        """See `Contender.answer`."""
        return self.hold(utterance, samples)

    def hold(self, utterance: str, samples: Samples) -> Answer:
        """See `Contender.hold`."""
        soundfile.write(Path(self._folder.name) / _AUDIO, samples, self._side.sampling_rate, subtype="FLOAT")
        self._held = utterance
        return self.again()

    def again(self) -> Answer:
        """See `Contender.again`; the seconds include the exchange of both lines."""
        audio = str(Path(self._folder.name) / _AUDIO)
        question = {"id": self._held, "audio": audio, "sampling_rate": self._side.sampling_rate}
        started = time.perf_counter()
        line = self._reply(json.dumps(question))
        seconds = time.perf_counter() - started
        return self._read(line, seconds)

    def _reply(self, question: str) -> str:
        line = self._child.answer_to(question, self._side.patience_s)
        if not line.endswith("\n"):
            raise self._error(silence(self._child, self._side.patience_s))
        self._child.waiting = False
        return line

    def _read(self, line: str, seconds: float) -> Answer:
        try:
            found = json.loads(line)
            id_, text, logits = found["id"], found["text"], found.get("logits")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            shown = line.strip()[:_QUOTED]
            raise self._error(f"answered '{shown}', but a line with `id` and `text` is accepted") from error
        if id_ != self._held or not isinstance(text, str):
            raise self._error(f"answered for '{id_}', but was asked for '{self._held}'")
        return Answer(text, None if logits is None else self._logits(logits), seconds)

    def _logits(self, path: Any) -> Logits:
        try:
            found = np.load(path, allow_pickle=False)
        except (OSError, ValueError, TypeError) as error:
            raise self._error(f"names logits '{path}', which cannot be read: {said(error)}") from error
        if found.ndim != _MATRIX or not np.issubdtype(found.dtype, np.floating):
            raise self._error(f"gave logits of shape {list(found.shape)}; floats (frames, vocabulary) are accepted")
        return np.asarray(found, np.float32)

    def _error(self, what: str) -> SideError:
        return SideError(f"side {self._side.name} {what}; its log is kept in '{self._side.log}'")

    def close(self) -> None:
        """See `Contender.close`."""
        try:
            self._child.close()
        finally:
            self._folder.cleanup()
