"""Recognizer that runs an IR with OpenVINO, always at an explicit inference precision."""

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
from wergate.networks.ir.file import compile_ir, ir_signature, ports_of, read_ir, run_network
from wergate.networks.ir.precision import INFERENCE_PRECISION, RunPrecision, reported_precision, run_precision
from wergate.networks.signature import Feed, Signature, match_signature
from wergate.recognizers.base import features, in_order
from wergate.recognizers.compilations import Compilation, Report, ignore

_COMPILATIONS = 3
# By default the CPU plugin caches what it compiles for each of a corpus's thousands of lengths: 12 MB each in INT8.
_FEW_LENGTHS = {"CPU_RUNTIME_CACHE_CAPACITY": "100"}


class OpenVinoRecognizer:
    """Runs an IR with dynamic shapes or one fixed shape, on one or several streams.

    Attributes:
        frontend: features, frame geometry and alphabet of the network.
        signature: meaning of the IR's inputs and output.
        asked_precision: inference precision that the runtime was asked for.
        precision: inference precision that the runtime chose.
    """

    def __init__(
        self,
        path: Path,
        frontend: Frontend,
        *,
        device: str,
        inference_precision: str,
        streams: int = 1,
        samples: int | None = None,
        report: Report = ignore,
    ) -> None:
        """Compile an IR.

        Args:
            path: the `.xml`, with its `.bin` in the same folder.
            frontend: features, frame geometry and alphabet of the network.
            device: OpenVINO device, such as "CPU".
            inference_precision: "f32" or "bf16"; the precision of the IR's weights does not determine it.
            streams: inferences that `logits_of` runs in parallel. The runtime compiles for each new length on one core,
                so one stream per core is fastest for a corpus of many lengths.
            samples: the only length that will be run, at least two frames; by default any length.
            report: receives each compilation for several streams, with the comparison of its streams.

        Raises:
            SuiteError: the device does not exist or cannot run the model, streams disagree in each of several
                compilations, or the IR's inputs or output cannot be matched.
        """
        self.frontend = frontend
        self._single: Callable[[], OpenVinoRecognizer] = lambda: self
        if streams > 1:
            self._single = cache(
                lambda: OpenVinoRecognizer(path, frontend, device=device, inference_precision=inference_precision)
            )
        self._samples = samples = samples and frontend.used_samples(samples)
        self.asked_precision = inference_precision
        self._probe = stream_probe(frontend, samples)
        # A model of fixed length cannot run the short inputs that show what a network's inputs mean.
        signature = None if samples is None else ir_signature(path, len(frontend.alphabet.labels))
        options = {INFERENCE_PRECISION: inference_precision}
        options |= {"PERFORMANCE_HINT": "LATENCY"} if streams == 1 else {"NUM_STREAMS": str(streams)} | _FEW_LENGTHS
        for _ in range(_COMPILATIONS):
            compiled = compile_ir(path, device, options, samples=samples)
            self.signature = signature or _compiled_signature(path, compiled, len(frontend.alphabet.labels))
            self._request = compiled.create_infer_request()
            self._requests = Requests(compiled, self.signature, streams)
            # With two streams, some compilations give wrong logits on one of them (docs/findings/two-streams.md).
            # Compiling again helps, so a compilation whose streams disagree is discarded.
            agreed = self._settle()
            if streams > 1:
                report(Compilation(samples, streams, accepted=agreed))
            if agreed:
                self.precision = reported_precision(compiled, inference_precision)
                return
        raise SuiteError(
            f"device '{device}' gave different logits on its {streams} streams in {_COMPILATIONS} compilations; "
            "equal inputs must give equal outputs; report it with the versions above and use another OpenVINO version"
        )

    def _settle(self) -> bool:
        """Run a probe on all streams and return whether each agrees with a single inference bit by bit."""
        # The probe has many frames on purpose. If the first inference of a stream has a single frame, OpenVINO
        # 2026.4.1 gives wrong logits for all later ones (docs/findings/one-frame-first.md).
        self._probed = self._infer(self._probe[None])[0]
        # All requests start at the same time, two per stream, so that every stream gets one.
        probes = [self._probe] * len(self._requests.idle)
        return all(np.array_equal(self._probed, logits) for _, logits in self._infer_each(probes))

    def again(self, samples: Samples) -> list[Logits]:
        """See `RepeatingRecognizer.again`."""
        if self.frontend.is_single(len(samples)):  # see `logits`
            return [self.logits(samples[None])[0]]
        return [logits[0] for logits in infer_everywhere(self._requests, self._feed(samples))]

    def probed_again(self) -> Iterator[bool]:
        """See `RepeatingRecognizer.probed_again`."""
        yield all(np.array_equal(self._probed, logits) for logits in self.again(self._probe))

    def precisions(self) -> Iterator[RunPrecision]:
        """See `CompiledRecognizer.precisions`."""
        yield run_precision(self._request.get_compiled_model(), asked=self.asked_precision, samples=self._samples)

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        # The runtime does not report which stream takes a request. An input of one frame could be the first of its
        # stream, so it goes to a separate model with one stream, whose first inference was the probe.
        recognizer = self._single() if self.frontend.is_single(waveforms.shape[1]) else self
        return recognizer._infer(waveforms)  # noqa: SLF001 - a method of this class

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        return in_order(self.completed(utterances))

    def completed(self, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
        """See `wergate.recognizers.base.completed`."""
        for samples in utterances:  # check all of them before the first inference starts
            self.frontend.require_frame(len(samples))
        short = [number for number, samples in enumerate(utterances) if self.frontend.is_single(len(samples))]
        # Longest first: no stream ends with a long utterance while the others are idle, and equal lengths follow
        # each other, so that the runtime compiles for a length only once.
        long = sorted(set(range(len(utterances))) - set(short), key=lambda number: -len(utterances[number]))
        for index, logits in self._infer_each([utterances[number] for number in long]):
            yield long[index], logits
        for number in short:
            yield number, self.logits(utterances[number][None])[0]

    def _infer_each(self, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
        jobs = [Job(self._requests, partial(self._feed, samples)) for samples in utterances]
        return ((number, logits[0]) for number, logits in infer_all(jobs))

    def _feed(self, samples: Samples) -> Feed:
        return self.signature.feed(self._input(samples[None]))

    def _infer(self, waveforms: Samples) -> Logits:
        batch = self._input(waveforms)
        rows = [row[None] for row in batch] if self.signature.row_by_row else [batch]
        return np.concatenate([self._logits(self._request, self.signature.feed(row)) for row in rows])

    def _logits(self, request: ov.InferRequest, feed: Feed) -> Logits:
        # infer() copies its inputs by default, and that is needed: the runtime writes later inputs into an array
        # that was shared with it (docs/findings/shared-inputs.md).
        return self.signature.logits(request.infer(feed)[self.signature.output])

    def _input(self, waveforms: Samples) -> Samples:
        """Return the network's input, cut to the samples that affect the logits."""
        # The runtime compiles for every new length. Cutting leaves fewer different lengths.
        return features(self.frontend, waveforms)[:, : self.frontend.used_samples(waveforms.shape[1])]


def stream_probe(frontend: Frontend, samples: int | None = None) -> Samples:
    """Return the waveform that verifies streams: a sine of one second by default, float32, shape (samples,)."""
    return np.asarray(np.sin(np.arange(samples or frontend.sampling_rate) * 0.1), dtype=np.float32)


def _compiled_signature(path: Path, compiled: ov.CompiledModel, vocabulary: int) -> Signature:
    return match_signature(ports_of(path, read_ir(path), lambda feed: run_network(compiled, feed)), vocabulary)


_PER_STREAM = 2  # one request runs while the next one is queued, so that a stream need not wait for Python


class Requests:
    """Inference requests of a compiled model, enough to keep all its streams busy.

    Attributes:
        compiled: the compiled model.
        signature: meaning of the model's inputs and output.
        streams: number of streams that the model was compiled for.
        created: all requests, in the order of their creation.
        idle: requests that are not in use.
    """

    def __init__(self, compiled: ov.CompiledModel, signature: Signature, streams: int) -> None:
        """Create all requests of a model that was compiled for `streams` streams."""
        self.compiled = compiled
        self.signature = signature
        self.streams = streams
        self.created = tuple(compiled.create_infer_request() for _ in range(_PER_STREAM * streams))
        self.idle = list(self.created)


@dataclass(frozen=True)
class Job:
    """One inference.

    Attributes:
        requests: requests of the model that runs it.
        feed: builds the inputs, just before the inference starts.
    """

    requests: Requests
    feed: Callable[[], Feed]


def infer_all(jobs: Iterable[Job]) -> Iterator[tuple[int, Logits]]:
    """Yield the number of each job and its logits, float32 (batch, frames, vocabulary), in the order of the jobs.

    Other inferences run while the caller uses the logits of one, and while the next job is prepared. No inference is
    running after the iteration ends, however it ends.
    """
    # Polling instead of callbacks: a callback would run Python code in the threads of the runtime.
    running: deque[tuple[int, Requests, ov.InferRequest]] = deque()
    try:
        for number, job in enumerate(jobs):
            while running and (not job.requests.idle or len(running) >= _PER_STREAM * job.requests.streams):
                yield _finished(running)
            request = job.requests.idle.pop()
            running.append((number, job.requests, request))
            request.start_async(job.feed())
            while running and running[0][2].wait_for(0):  # finished while the next job was prepared
                yield _finished(running)
        while running:
            yield _finished(running)
    finally:
        for _, requests, request in running:
            request.wait()
            requests.idle.append(request)


def infer_everywhere(requests: Requests, feed: Feed, runs: int = _PER_STREAM) -> list[Logits]:
    """Run one input on every stream of a model at the same time, and return the logits of each inference.

    The logits are equal bit by bit if nothing is wrong. Every stream runs the same compiled graph with kernels that
    were chosen when it was compiled, or, for dynamic lengths, by the length alone. Each inference has the threads of
    its stream, so sums are rounded in the same order.

    Args:
        requests: requests of the model, none of which is running.
        feed: the inputs.
        runs: inferences for each stream.

    Returns:
        float32 arrays of shape (batch, frames, vocabulary).
    """
    used = requests.created[: runs * requests.streams]
    for request in used:
        request.start_async(feed)
    for request in used:
        request.wait()
    output = requests.signature.output
    return [requests.signature.logits(request.get_output_tensor(output).data) for request in used]


def _finished(running: deque[tuple[int, Requests, ov.InferRequest]]) -> tuple[int, Logits]:
    """Wait for the oldest request, copy its logits and return the request to the idle ones."""
    number, requests, request = running[0]
    request.wait()
    logits = requests.signature.logits(request.get_output_tensor(requests.signature.output).data)
    running.popleft()
    requests.idle.append(request)
    return number, logits
