"""An IR compiled by OpenVINO, with the inference precision always said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov

from wergate.corpora.audio import Samples
from wergate.ctc import Logits
from wergate.errors import SuiteError
from wergate.frontend import Frontend
from wergate.padding_mark import is_marked_padding_exact
from wergate.ports import Feed, Port, Ports, Run
from wergate.recognizers import features, in_order
from wergate.recognizers.requests import Job, Requests, infer_all
from wergate.signature import Inputs, Signature, match_inputs, match_signature

_HINT = "INFERENCE_PRECISION_HINT"
_COMPILATIONS = 3
# of a corpus, the CPU plugin would keep what it compiled for thousands of lengths: 12 MB for each, in INT8
_FEW_LENGTHS = {"CPU_RUNTIME_CACHE_CAPACITY": "100"}
_DTYPES = {"f16": "float16", "f32": "float32", "f64": "float64", "i32": "int32", "i64": "int64", "boolean": "bool"}


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
        """See `wergate.recognizers.completed`."""
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


def ir_signature(path: Path, vocabulary: int) -> Signature:
    """Match the inputs and outputs of an IR, by position as NNCF and the runtime both take them.

    Args:
        path: the `.xml`, its `.bin` beside it.
        vocabulary: number of labels.

    Raises:
        SuiteError: an IR that takes no waveform, asks for unknown inputs, or gives no logits over these labels.
    """

    def run(feed: Feed) -> list[npt.NDArray[Any]]:
        return run_network(compile_ir(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}), feed)

    return match_signature(ports_of(path, read_ir(path), run), vocabulary)


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


def may_be_padded(path: Path, *, exact: bool = False) -> bool:
    """Tell whether an IR can be told which samples count, and padding behind them does not change its logits.

    Args:
        exact: it was made so; by default the IR has to say it.
    """
    model = read_ir(path)
    return (exact or is_marked_padding_exact(model)) and ir_inputs(path, model).mask is not None


def ir_inputs(path: Path, model: ov.Model) -> Inputs:
    """Match the inputs of an IR that has been read.

    Raises:
        SuiteError: it takes no waveform, or asks for unknown inputs.
    """
    return match_inputs(ports_of(path, model, lambda _: []))


def _compiled_signature(path: Path, compiled: ov.CompiledModel, vocabulary: int) -> Signature:
    return match_signature(ports_of(path, compiled, lambda feed: run_network(compiled, feed)), vocabulary)


def run_network(compiled: ov.CompiledModel, feed: Feed) -> list[npt.NDArray[Any]]:
    """Return the outputs of one inference."""
    return list(compiled.create_infer_request().infer(feed).values())


def ports_of(path: Path, model: ov.Model | ov.CompiledModel, run: Run) -> Ports:
    """Return what a network takes and gives, with a function that runs it."""
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


def compile_ir(path: Path, device: str, options: Mapping[str, str], *, samples: int | None = None) -> ov.CompiledModel:
    """Compile an IR, for inputs of any length or for one of that many samples.

    Raises:
        SuiteError: the file is damaged, or the device does not exist or cannot run the model.
    """
    core = ov.Core()
    try:
        if samples is None:
            return core.compile_model(path, device, dict(options))
        model = core.read_model(path)
        fix_length(path, model, samples)
        return core.compile_model(model, device, dict(options))
    except RuntimeError as error:
        read_ir(path)  # where the file is at fault, it is told instead of the device
        raise SuiteError(
            f"device '{device}' cannot run the model: {_last_line(error)}; "
            f"available here: {', '.join(core.available_devices)}; check --device"
        ) from error


def fix_length(path: Path, model: ov.Model, samples: int) -> Feed:
    """Give a model that has been read the shapes of one utterance of so many samples, and return silence as its feed.

    Raises:
        SuiteError: the IR takes no waveform, or asks for unknown inputs.
    """
    feed = ir_inputs(path, model).feed(np.zeros((1, samples), np.float32))
    model.reshape({position: list(array.shape) for position, array in feed.items()})
    return feed


def _last_line(error: RuntimeError) -> str:
    """Return what an error of OpenVINO ends with: what comes before is where in its code."""
    return str(error).strip().splitlines()[-1]
