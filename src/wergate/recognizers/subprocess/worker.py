"""Process that runs an IR: `python -m wergate.recognizers.subprocess.worker FOLDER`; see `messages`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from wergate.networks.frontend import read_frontend
from wergate.networks.ir.execution import ExecutedLayer, executed_work
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.recognizers.subprocess.messages import Done, Executed, Order, Primitive, Task
from wergate.recognizers.subprocess.serving import serve, timed


def answers(lines: Iterator[str]) -> Iterator[Executed | Done]:
    """Compile the IR that the first line names, then run one task per line."""
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
    yield Executed(precision=recognizer.precision, primitives=primitives(work.layers))
    for line in lines:
        yield Done(seconds=timed(Task.model_validate_json(line), recognizer.logits_of))


def primitives(layers: Iterable[ExecutedLayer]) -> list[Primitive]:
    """Group layers by kind, primitive and precision, most work first."""
    counts, macs = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    for layer in layers:
        key = layer.kind, layer.primitive, layer.precision
        counts[key] += 1
        macs[key] += layer.macs
    return [
        Primitive(kind=kind, name=name, precision=precision, layers=counts[kind, name, precision], macs=work)
        for (kind, name, precision), work in macs.most_common()
    ]


if __name__ == "__main__":
    serve(answers)
