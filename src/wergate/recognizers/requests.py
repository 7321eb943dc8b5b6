"""Inferences side by side: the requests of compiled models kept busy, and their logits handed over as they are done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import openvino as ov

from wergate.ctc import Logits
from wergate.ports import Feed
from wergate.signature import Signature

_PER_STREAM = 2  # one that runs, and one that waits for its end while Python is elsewhere


class Requests:
    """A compiled model's inference requests, made once: enough to keep all its streams busy."""

    def __init__(self, compiled: ov.CompiledModel, signature: Signature, streams: int) -> None:
        """Take a compiled model and the number of streams that it was compiled for."""
        self.signature = signature
        self.streams = streams
        self.idle = [compiled.create_infer_request() for _ in range(_PER_STREAM * streams)]


@dataclass(frozen=True)
class Job:
    """One inference: by which model, and what it is fed, made when its turn comes."""

    requests: Requests
    feed: Callable[[], Feed]


def infer_all(jobs: Iterable[Job]) -> Iterator[tuple[int, Logits]]:
    """Yield each job's number and its logits, float32 (batch, frames, vocabulary), in the order of the jobs.

    While one is handed over, others run, and while a job is made too. Without callbacks, which would run Python code in
    the threads of the runtime. Whatever ends the iteration, no inference is left under way.
    """
    running: deque[tuple[int, Requests, ov.InferRequest]] = deque()
    try:
        for number, job in enumerate(jobs):
            while running and (not job.requests.idle or len(running) >= _PER_STREAM * job.requests.streams):
                yield _finished(running)
            request = job.requests.idle.pop()
            running.append((number, job.requests, request))
            request.start_async(job.feed())
            while running and running[0][2].wait_for(0):  # done while the next job was made
                yield _finished(running)
        while running:
            yield _finished(running)
    finally:
        for _, requests, request in running:
            request.wait()
            requests.idle.append(request)


def _finished(running: deque[tuple[int, Requests, ov.InferRequest]]) -> tuple[int, Logits]:
    """Wait for the request that has run longest, keep its logits, and let it be used again."""
    number, requests, request = running[0]
    request.wait()
    logits = requests.signature.logits(request.get_output_tensor(requests.signature.output).data)
    running.popleft()
    requests.idle.append(request)
    return number, logits
