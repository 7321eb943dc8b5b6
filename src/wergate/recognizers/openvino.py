"""An IR compiled by OpenVINO, with the inference precision always said."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import openvino as ov

from wergate.corpora.audio import Samples
from wergate.errors import SuiteError
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.networks.ir.file import compile_ir, ir_signature, ports_of, run_network
from wergate.networks.signature import Feed, Signature, match_signature
from wergate.recognizers.base import features, in_order

_HINT = "INFERENCE_PRECISION_HINT"
_COMPILATIONS = 3
# of a corpus, the CPU plugin would keep what it compiled for thousands of lengths: 12 MB for each, in INT8
_FEW_LENGTHS = {"CPU_RUNTIME_CACHE_CAPACITY": "100"}


class OpenVinoRecognizer:
    """Runs an IR with dynamic shapes, or with a fixed one, on one stream or on several.

    Attributes:
        signature: what the IR's inputs and output mean.
        asked_precision, precision: the inference precision that the runtime was asked for and the one it took.
    """

    def __init__(
        self,
        path: Path,
        frontend: Frontend,
        *,
        device: str,
        inference_precision: str,
        streams: int = 1,
        signature: Signature | None = None,
        samples: int | None = None,
    ) -> None:
        """Compile an IR.

        Args:
            path: the `.xml`, its `.bin` beside it.
            inference_precision: "f32" or "bf16"; the IR's own precision says nothing about it.
            streams: inferences that `logits_of` runs side by side; each new length is compiled for by the runtime,
                on one core, so a corpus of many lengths goes fastest with a stream per core.
            signature: what the IR's inputs and output mean; by default it is read from the IR.
            samples: the only length that will be run, of at least two frames; by default any.

        Raises:
            SuiteError: the device does not exist or cannot run the model, streams keep disagreeing, or the IR's inputs
                or output cannot be matched.
        """
        self.frontend = frontend
        self._single: Callable[[], OpenVinoRecognizer] = lambda: self
        if streams > 1:
            self._single = cache(
                lambda: OpenVinoRecognizer(path, frontend, device=device, inference_precision=inference_precision)
            )
        samples = samples and frontend.used_samples(samples)
        self._probed = stream_probe(frontend, samples)
        if samples is not None:
            signature = signature or ir_signature(path, len(frontend.alphabet.labels))
        options = {_HINT: inference_precision}
        options |= {"PERFORMANCE_HINT": "LATENCY"} if streams == 1 else {"NUM_STREAMS": str(streams)} | _FEW_LENGTHS
        for _ in range(_COMPILATIONS):
            compiled = compile_ir(path, device, options, samples=samples)
            self.signature = signature or _compiled_signature(path, compiled, len(frontend.alphabet.labels))
            self._request = compiled.create_infer_request()
            self._requests = Requests(compiled, self.signature, streams)
            if self._settle():
                self.asked_precision, self.precision = options[_HINT], _taken(compiled, options[_HINT])
                return
        raise SuiteError(
            f"device '{device}' gave different logits on its {streams} streams in {_COMPILATIONS} compilations; "
            "equal inputs must give equal outputs; report it with the versions above and run on another OpenVINO"
        )

    def _settle(self) -> bool:
        """Run a probe through the streams and tell whether all agree with a single inference, bit by bit.

        Many frames come first on purpose: OpenVINO 2026.4.1 gives wrong logits ever after where the first inference
        of a stream has a single frame (docs/one-frame-first.md). Nothing tells which stream took an inference, so with
        several of them an input of one frame goes to a single stream of its own, where the order is known.
        Some compilations with two streams gave wrong logits on one of them; such a one must not be used. So many are
        started at once that each stream has one.
        """
        expected = self._infer(self._probed[None])[0]
        probes = [self._probed] * len(self._requests.idle)
        return all(np.array_equal(expected, logits) for _, logits in self._infer_each(probes))

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        recognizer = self._single() if self.frontend.is_single(waveforms.shape[1]) else self
        return recognizer._infer(waveforms)  # noqa: SLF001 - of this class

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        return in_order(self.completed(utterances))

    def completed(self, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
        """See `wergate.recognizers.base.completed`."""
        for samples in utterances:  # before any inference is under way
            self.frontend.require_frame(len(samples))
        short = [number for number, samples in enumerate(utterances) if self.frontend.is_single(len(samples))]
        long = sorted(set(range(len(utterances))) - set(short), key=lambda number: -len(utterances[number]))
        # the longest first, so that no stream is left alone with one, and equal lengths meet
        for place, logits in self._infer_each([utterances[number] for number in long]):
            yield long[place], logits
        for number in short:
            yield number, self.logits(utterances[number][None])[0]

    def _infer_each(self, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
        jobs = [Job(self._requests, partial(self._fed, samples)) for samples in utterances]
        return ((number, logits[0]) for number, logits in infer_all(jobs))

    def _fed(self, samples: Samples) -> Feed:
        return self.signature.feed(self._input(samples[None]))

    def _infer(self, waveforms: Samples) -> Logits:
        batch = self._input(waveforms)
        rows = [row[None] for row in batch] if self.signature.row_by_row else [batch]
        return np.concatenate([self._logits(self._request, self.signature.feed(row)) for row in rows])

    def _logits(self, request: ov.InferRequest, feed: Feed) -> Logits:
        # inputs are copied: the runtime writes later inputs into memory that was shared with it (docs/shared-inputs.md)
        return self.signature.logits(request.infer(feed)[self.signature.output])

    def _input(self, waveforms: Samples) -> Samples:
        """Return the network's input, cut to what bears on the logits: every new length costs the runtime a while."""
        return features(self.frontend, waveforms)[:, : self.frontend.used_samples(waveforms.shape[1])]


def stream_probe(frontend: Frontend, samples: int | None = None) -> Samples:
    """Return a sine of one second, or of so many samples: float32, shape (samples,). Streams are tried with it."""
    return np.asarray(np.sin(np.arange(samples or frontend.sampling_rate) * 0.1), dtype=np.float32)


def _taken(compiled: ov.CompiledModel, asked: str) -> str:
    """Return the inference precision that a compiled model names; what was asked for, where the device tells none."""
    told = _HINT in compiled.get_property("SUPPORTED_PROPERTIES")
    return str(compiled.get_property(_HINT).get_type_name()) if told else asked


def _compiled_signature(path: Path, compiled: ov.CompiledModel, vocabulary: int) -> Signature:
    return match_signature(ports_of(path, compiled, lambda feed: run_network(compiled, feed)), vocabulary)


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
