"""Process of one side: `python -m duel_driver` reads messages of `wire` and answers each with one.

A message names its task in `do`. A failed task answers with the key `error`; the process then waits for the next one.
"""

from __future__ import annotations

import os
import platform
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import openvino as ov

from duel_driver.build import convert, quantize
from duel_driver.network import Network, ReadError
from duel_driver.wire import read_message, write_message

Answer = tuple[dict[str, Any], list[Any]]


class Side:
    """Runs the tasks of one side."""

    def __init__(self) -> None:
        """Start without a network."""
        self._network: Network | None = None

    def answer(self, head: Mapping[str, Any], arrays: Sequence[Any]) -> Answer:
        """Do the task of a message and return the answer's head and arrays."""
        tasks: dict[str, Callable[[Mapping[str, Any], Sequence[Any]], Answer]] = {
            "load": self._load,
            "infer": self._infer,
            "time": self._time,
            "executed": self._executed,
            "convert": lambda job, _: (convert(job), []),
            "quantize": lambda job, _: (quantize(job), []),
        }
        return tasks[head["do"]](head, arrays)

    def _load(self, head: Mapping[str, Any], _: Sequence[Any]) -> Answer:
        try:
            self._network = Network(head["ir"], head["device"], head["options"])
        except ReadError as error:
            return {"unreadable": str(error)}, []
        return {
            "precision": self._network.precision,
            "python": platform.python_version(),
            "openvino": ov.get_version(),
            "numpy": np.__version__,
        }, []

    def _infer(self, head: Mapping[str, Any], arrays: Sequence[Any]) -> Answer:
        self._loaded.take(head["inputs"], arrays)
        return {}, [self._loaded.infer(head["output"])]

    def _time(self, head: Mapping[str, Any], _: Sequence[Any]) -> Answer:
        seconds, output = self._loaded.timed(head["output"], head["added"])
        return {"seconds": seconds}, [output]

    def _executed(self, head: Mapping[str, Any], arrays: Sequence[Any]) -> Answer:
        self._loaded.take(head["inputs"], arrays)
        return {"layers": self._loaded.executed()}, []

    @property
    def _loaded(self) -> Network:
        if self._network is None:
            raise ReadError("no IR was loaded before this task")
        return self._network


def main() -> int:
    """Answer messages until the input ends."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # a print of a library must not get between two messages
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    side = Side()
    while (message := read_message(questions)) is not None:
        try:
            head, arrays = side.answer(*message)
        except Exception as error:  # noqa: BLE001 - the duel reports whatever a runtime raises
            traceback.print_exc()
            head, arrays = {"error": str(error) or type(error).__name__}, []
        write_message(answers, head, arrays)
    return 0


if __name__ == "__main__":
    sys.exit(main())
