"""The process that runs an IR: `python -m wergate.recognizers.subprocess.worker`, asked as `messages` says."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from typing import TextIO

from pydantic import BaseModel

from wergate.errors import SuiteError
from wergate.networks.frontend import read_frontend
from wergate.networks.ir.execution import ExecutedLayer, executed_work
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.recognizers.subprocess.messages import Done, Executed, Order, Primitive, Task, read_arrays, write_arrays


def serve(questions: Iterable[str], answers: TextIO) -> None:
    """Compile what the first line orders, then do one task after the other until there are no more."""
    lines = iter(questions)
    order = Order.model_validate_json(next(lines))
    frontend = read_frontend(order.frontend)
    recognizer = OpenVinoRecognizer(
        order.path,
        frontend,
        device=order.device,
        inference_precision=order.inference_precision,
        streams=order.streams,
    )
    work = executed_work(
        order.path,
        device=order.device,
        inference_precision=order.inference_precision,
        sampling_rate=frontend.sampling_rate,
    )
    _answer(answers, Executed(precision=recognizer.precision, primitives=primitives(work.layers)))
    for line in lines:
        task = Task.model_validate_json(line)
        waveforms = read_arrays(task.waveforms)
        started = time.perf_counter()
        logits = recognizer.logits_of(waveforms)
        seconds = time.perf_counter() - started
        write_arrays(task.logits, logits)
        _answer(answers, Done(seconds=seconds))


def primitives(layers: Iterable[ExecutedLayer]) -> list[Primitive]:
    """Put together the layers that one primitive executes alike."""
    counts, macs = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    for layer in layers:
        key = layer.kind, layer.primitive, layer.precision
        counts[key] += 1
        macs[key] += layer.macs
    return [
        Primitive(kind=kind, name=name, precision=precision, layers=counts[kind, name, precision], macs=work)
        for (kind, name, precision), work in macs.most_common()
    ]


def _answer(answers: TextIO, answer: BaseModel) -> None:
    answers.write(answer.model_dump_json() + "\n")
    answers.flush()


def main() -> int:
    """Serve on standard input and output; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        serve(sys.stdin, answers)
    except (SuiteError, RuntimeError) as error:  # OpenVINO's own are RuntimeErrors, the reason in their last line
        print((str(error).strip().splitlines() or [type(error).__name__])[-1], file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
