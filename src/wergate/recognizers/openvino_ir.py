"""An IR compiled by OpenVINO, with the inference precision always said."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov

from wergate.audio import Samples
from wergate.ctc import Logits
from wergate.errors import SuiteError
from wergate.frontend import Frontend
from wergate.ports import Feed, Port, Ports, Run
from wergate.recognizers import features
from wergate.signature import Inputs, Signature, match_inputs, match_signature

_HINT = "INFERENCE_PRECISION_HINT"
_COMPILATIONS = 3
_REQUESTS_PER_STREAM = 2
# of a corpus, the CPU plugin would keep what it compiled for thousands of lengths: 12 MB for each, in INT8
_FEW_LENGTHS = {"CPU_RUNTIME_CACHE_CAPACITY": "100"}
_DTYPES = {"f16": "float16", "f32": "float32", "f64": "float64", "i32": "int32", "i64": "int64", "boolean": "bool"}


class OpenVinoRecognizer:
    """Runs an IR with dynamic shapes, on one stream or on several.

    Attributes:
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
    ) -> None:
        """Compile an IR.

        Args:
            path: the `.xml`, its `.bin` beside it.
            inference_precision: "f32" or "bf16"; the IR's own precision says nothing about it.
            streams: inferences that `logits_of` runs side by side; each new length is compiled for by the runtime,
                on one core, so a corpus of many lengths goes fastest with a stream per core.
            signature: what the IR's inputs and output mean; by default it is read from the IR.

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
        options = {_HINT: inference_precision}
        options |= {"PERFORMANCE_HINT": "LATENCY"} if streams == 1 else {"NUM_STREAMS": str(streams)} | _FEW_LENGTHS
        for _ in range(_COMPILATIONS):
            compiled = _compile(path, device, options)
            self._signature = signature or _compiled_signature(path, compiled, len(frontend.alphabet.labels))
            self._request = compiled.create_infer_request()
            self._requests = [compiled.create_infer_request() for _ in range(_REQUESTS_PER_STREAM * streams)]
            if self._settle(streams):
                self.asked_precision, self.precision = options[_HINT], _taken(compiled, options[_HINT])
                return
        raise SuiteError(
            f"device '{device}' gave different logits on its {streams} streams in {_COMPILATIONS} compilations; "
            "equal inputs must give equal outputs; report it with the versions above and run on another OpenVINO"
        )

    def _settle(self, streams: int) -> bool:
        """Run one second through the streams and tell whether all agree with a single inference, bit by bit.

        Many frames come first on purpose: OpenVINO 2026.4.1 gives wrong logits ever after where the first inference
        of a stream has a single frame (docs/one-frame-first.md). Nothing tells which stream took an inference, so with
        several of them an input of one frame goes to a single stream of its own, where the order is known.
        Some compilations with two streams gave wrong logits on one of them; such a one must not be used.
        """
        samples = np.sin(np.arange(self.frontend.sampling_rate, dtype=np.float32) * 0.1)
        expected = self._infer(samples[None])[0]
        return all(np.array_equal(expected, logits) for logits in self._infer_all([samples] * streams))

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        recognizer = self._single() if self.frontend.is_single(waveforms.shape[1]) else self
        return recognizer._infer(waveforms)  # noqa: SLF001 - of this class

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        for samples in utterances:  # before any inference is under way, which an error would leave behind
            self.frontend.require_frame(len(samples))
        short = [self.frontend.is_single(len(samples)) for samples in utterances]
        long = [samples for samples, is_short in zip(utterances, short, strict=True) if not is_short]
        found = iter(self._infer_all(long))
        return [
            self.logits(samples[None])[0] if is_short else next(found)
            for samples, is_short in zip(utterances, short, strict=True)
        ]

    def _infer(self, waveforms: Samples) -> Logits:
        batch = self._input(waveforms)
        rows = [row[None] for row in batch] if self._signature.row_by_row else [batch]
        return np.concatenate([self._logits(self._request, self._signature.feed(row)) for row in rows])

    def _logits(self, request: ov.InferRequest, feed: Feed) -> Logits:
        # inputs are copied: the runtime writes later inputs into memory that was shared with it (docs/shared-inputs.md)
        return self._signature.logits(request.infer(feed)[self._signature.output])

    def _infer_all(self, utterances: Sequence[Samples]) -> list[Logits]:
        """Keep every request busy, and take up the oldest one's logits before it is used again.

        Without callbacks, which would run Python code in the threads of the runtime.
        """
        results: dict[int, Logits] = {}
        running: deque[tuple[ov.InferRequest, int]] = deque()
        idle = list(self._requests)
        longest_first = sorted(range(len(utterances)), key=lambda number: -len(utterances[number]))
        for number in longest_first:  # so that no stream is left alone with a long one, and equal lengths meet
            request = idle.pop() if idle else self._finish(running, results)
            request.start_async(self._signature.feed(self._input(utterances[number][None])))
            running.append((request, number))
        while running:
            self._finish(running, results)
        return [results[number] for number in range(len(utterances))]

    def _finish(self, running: deque[tuple[ov.InferRequest, int]], results: dict[int, Logits]) -> ov.InferRequest:
        """Wait for the request that has run longest, keep its logits, and return it for the next utterance."""
        request, number = running.popleft()
        request.wait()
        results[number] = self._signature.logits(request.get_output_tensor(self._signature.output).data)[0]
        return request

    def _input(self, waveforms: Samples) -> Samples:
        """Return the network's input, cut to what bears on the logits: every new length costs the runtime a while."""
        return features(self.frontend, waveforms)[:, : self.frontend.used_samples(waveforms.shape[1])]


def _taken(compiled: ov.CompiledModel, asked: str) -> str:
    """Return the inference precision that a compiled model names; what was asked for, where the device tells none."""
    told = _HINT in compiled.get_property("SUPPORTED_PROPERTIES")
    return str(compiled.get_property(_HINT).get_type_name()) if told else asked


def ir_signature(path: Path, vocabulary: int) -> Signature:
    """Match the inputs and outputs of an IR, by position as NNCF and the runtime both take them.

    Args:
        path: the `.xml`, its `.bin` beside it.
        vocabulary: number of labels.

    Raises:
        SuiteError: an IR that takes no waveform, asks for unknown inputs, or gives no logits over these labels.
    """

    def run(feed: Feed) -> list[npt.NDArray[Any]]:
        return _run(_compile(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}), feed)

    return match_signature(_ports_of(path, read_ir(path), run), vocabulary)


def read_ir(path: Path) -> ov.Model:
    """Read an IR.

    Raises:
        SuiteError: a file that is damaged, or no IR.
    """
    try:
        return ov.Core().read_model(path)
    except RuntimeError as error:
        raise SuiteError(
            f"{_named(path)} cannot be read: {_last_line(error)}; a whole .xml with the .bin that was written with it "
            "is needed; copy both files again"
        ) from error


def ir_inputs(path: Path, model: ov.Model) -> Inputs:
    """Match the inputs of an IR that has been read.

    Raises:
        SuiteError: it takes no waveform, or asks for unknown inputs.
    """
    return match_inputs(_ports_of(path, model, lambda _: []))


def _compiled_signature(path: Path, compiled: ov.CompiledModel, vocabulary: int) -> Signature:
    return match_signature(_ports_of(path, compiled, lambda feed: _run(compiled, feed)), vocabulary)


def _run(compiled: ov.CompiledModel, feed: Feed) -> list[npt.NDArray[Any]]:
    return list(compiled.create_infer_request().infer(feed).values())


def _ports_of(path: Path, model: ov.Model | ov.CompiledModel, run: Run) -> Ports:
    return Ports(_named(path), _ports(model.inputs), _ports(model.outputs), run)


def _named(path: Path) -> str:
    return f"IR '{path.parent.name}/{path.name}'"


def _ports(outputs: Sequence[Any]) -> tuple[Port, ...]:
    return tuple(_port(position, output) for position, output in enumerate(outputs))


def _port(position: int, output: Any) -> Port:
    """Describe an input or output; one may have several names or none."""
    name = "/".join(sorted(output.get_names())) or str(position)
    dtype = output.get_element_type().get_type_name()
    partial = output.get_partial_shape()
    shape = None
    if partial.rank.is_static:
        shape = tuple(size.get_length() if size.is_static else None for size in partial)
    return Port(name, position, _DTYPES.get(dtype, dtype), shape)


def _compile(path: Path, device: str, options: dict[str, str]) -> ov.CompiledModel:
    core = ov.Core()
    try:
        return core.compile_model(path, device, options)
    except RuntimeError as error:
        read_ir(path)  # where the file is at fault, it is told instead of the device
        raise SuiteError(
            f"device '{device}' cannot run the model: {_last_line(error)}; "
            f"available here: {', '.join(core.available_devices)}; check --device"
        ) from error


def _last_line(error: RuntimeError) -> str:
    """Return what an error of OpenVINO ends with: what comes before is where in its code."""
    return str(error).strip().splitlines()[-1]
