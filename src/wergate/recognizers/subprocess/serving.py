"""Main loop of the separate process: one answer per input line, until the input ends or an answer fails."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import BaseModel

from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits
from wergate.recognizers.subprocess.messages import LOGITS, WAVEFORMS, Failure, Task, read_arrays, write_arrays
from wergate.steps import said

Answers = Callable[[Iterator[str]], Iterator[BaseModel]]


def serve(answers: Answers) -> None:
    """Read questions from standard input and write answers to standard output; redirect prints to standard error.

    Args:
        answers: takes the lines of input, of which the first is the order, and yields one answer per line.
    """
    questions = os.fdopen(os.dup(0), encoding="utf-8")
    answered = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True)  # it was a pipe: the last lines before a crash would stay in its buffer
    try:
        for answer in answers(questions):
            print(answer.model_dump_json(), file=answered, flush=True)
    except Exception as error:  # noqa: BLE001 - the client reports whatever a runtime raises
        print(Failure(failure=said(error)).model_dump_json(), file=answered, flush=True)


def timed(task: Task, infer: Callable[[list[Samples]], list[Logits]]) -> list[float]:
    """Run a task on the waveforms in the folder, write the logits there and return the seconds of each timed call."""
    folder = Path(sys.argv[1])
    utterances = read_arrays(folder / WAVEFORMS)
    for _ in range(task.warmup):
        infer(utterances)
    seconds: list[float] = []
    logits: list[Logits] = []
    for _ in range(task.calls):
        started = time.perf_counter()
        found = infer(utterances)
        seconds.append(time.perf_counter() - started)
        logits += found
    write_arrays(folder / LOGITS, logits)
    return seconds
