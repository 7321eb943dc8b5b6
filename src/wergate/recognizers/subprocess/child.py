"""A separate process that answers on its standard output; it is ended when its owner leaves, whatever it does."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self, cast

_PARTING_S = 10.0  # time for a process to exit by itself after its input is closed


class Child:
    """A running process; leaving the `with` statement ends it.

    Attributes:
        pid: number of the process.
        stdin, stdout: binary pipes.
        log: file with its standard error.
        waiting: whether it owes an answer; it is then killed without delay.
        late: whether it was killed because an answer took too long.
    """

    def __init__(
        self, command: Sequence[str | Path], *, environment: Mapping[str, str], log: Path, own_group: bool = False
    ) -> None:
        """Start the process.

        Args:
            command: the program and its arguments.
            environment: all environment variables of the process.
            log: file for its standard error.
            own_group: keep signals of the terminal from it, and end the processes that it starts along with it.

        Raises:
            OSError: the program does not exist or cannot be run.
        """
        self.log, self._own_group = log, own_group
        self.waiting = self.late = False
        with log.open("wb") as stream:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - the callers choose the program
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                env=dict(environment),
                start_new_session=own_group,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self.stdin: BinaryIO = cast("BinaryIO", self._process.stdin)
        self.stdout: BinaryIO = cast("BinaryIO", self._process.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """Kill the process if the block takes longer."""
        timer = threading.Timer(seconds, self._lose_patience)
        try:
            timer.start()
            yield
        finally:
            timer.cancel()

    def answer_to(self, question: str, patience_s: float) -> str:
        """Send a line and return the line that the process answers; one without its end if there is no answer.

        Args:
            question: the line, without its end.
            patience_s: longest time of the answer; the process is killed after it.
        """
        self.waiting = True
        try:
            with self.patience(patience_s):
                self.stdin.write(f"{question}\n".encode())
                self.stdin.flush()
                return self.stdout.readline().decode(errors="replace")
        except BrokenPipeError:
            return ""

    def code(self) -> int:
        """Wait for the process and return its exit code, which is negative for a signal."""
        return self._process.wait()

    def last_words(self) -> str:
        """Return the last line of its standard error; empty if there is none."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def close(self) -> None:
        """End the process, without delay if it owes an answer."""
        if self.waiting:
            self._kill()
        try:
            with suppress(subprocess.TimeoutExpired):
                self._process.communicate(timeout=_PARTING_S)
        finally:
            self._kill()
            self._process.communicate()

    def _lose_patience(self) -> None:
        self.late = True
        self._kill()

    def _kill(self) -> None:
        if self._own_group:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        else:
            self._process.kill()
