"""How a network takes waveforms and gives logits: which input is which, and along which axes the output runs.

Networks from elsewhere name and order their inputs as they like. A signature is matched once, from what the file
declares and, where that leaves the output's axes open, from two inferences of different lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wergate.corpora.audio import Samples
from wergate.errors import SuiteError
from wergate.networks.ctc import Logits

_TRIAL_SAMPLES = (16_000, 24_000)  # long enough for any receptive field, and apart by many frames
_FLOATS = frozenset({"float16", "float32", "float64"})
_LENGTHS = frozenset({"int32", "int64"})
_MASKS = _LENGTHS | _FLOATS | {"bool"}
_WAVEFORM_NAMES = ("wav", "audio", "speech", "signal", "input_values", "inputs", "input")
_LOGITS_NAMES = ("logits", "logprob", "log_prob", "output")


@dataclass(frozen=True)
class Inputs:
    """A network's inputs by their meaning.

    Attributes:
        waveform: float, (batch, samples) or (batch, 1, samples).
        mask: (batch, samples), 1 for each sample that counts; None where the network takes none.
        length: (batch,), samples of each row; None where the network takes none.
    """

    waveform: Port
    mask: Port | None = None
    length: Port | None = None

    @property
    def row_by_row(self) -> bool:
        """Whether the network takes a single waveform at a time."""
        return any(port and port.shape and port.shape[0] == 1 for port in (self.waveform, self.mask, self.length))

    def feed(self, batch: Samples, counts: int | None = None) -> Feed:
        """Return what the network is fed for waveforms: float32, shape (batch, samples).

        Args:
            counts: samples that count in each row; what follows them is padding. By default all do.
        """
        counts = batch.shape[1] if counts is None else counts
        shaped = batch[:, None] if self.waveform.rank == 3 else batch  # noqa: PLR2004 - (batch, 1, samples)
        feed: Feed = {self.waveform.key: shaped.astype(self.waveform.dtype, copy=False)}
        if self.mask:
            mask = np.zeros(batch.shape, self.mask.dtype)
            mask[:, :counts] = 1
            feed[self.mask.key] = mask
        if self.length:
            feed[self.length.key] = np.full(len(batch), counts, self.length.dtype)
        return feed


@dataclass(frozen=True)
class Signature:
    """A network's inputs and output by their meaning.

    Attributes:
        output: position of the logits among the outputs.
        labels_major: whether the logits are (batch, vocabulary, frames).
        vocabulary: number of labels.
    """

    source: str
    inputs: Inputs
    output: int
    labels_major: bool
    vocabulary: int

    @property
    def row_by_row(self) -> bool:
        """Whether the network takes a single waveform at a time."""
        return self.inputs.row_by_row

    def feed(self, batch: Samples, counts: int | None = None) -> Feed:
        """See `Inputs.feed`."""
        return self.inputs.feed(batch, counts)

    def logits(self, output: npt.NDArray[Any]) -> Logits:
        """Return an output as logits: float32, shape (batch, frames, vocabulary), memory of its own.

        Raises:
            SuiteError: the output has another vocabulary size.
        """
        frames_major = output.transpose(0, 2, 1) if self.labels_major else output
        _require_vocabulary(self.source, frames_major.shape[-1], self.vocabulary)
        return np.array(frames_major, dtype=np.float32, order="C")


def match_signature(ports: Ports, vocabulary: int) -> Signature:
    """Find out what each input and output of a network means.

    Args:
        vocabulary: number of labels, which one axis of the logits must have.

    Raises:
        SuiteError: no waveform among the inputs, an input that nobody can fill, no logits among the outputs, or
            logits of another vocabulary size.
    """
    inputs = match_inputs(ports)
    observed = _Observation(ports, inputs)
    output = _logits_output(ports, observed, vocabulary)
    labels_major = _labels_major(ports.source, observed, output, vocabulary)
    return Signature(ports.source, inputs, output, labels_major, vocabulary)


def match_inputs(ports: Ports) -> Inputs:
    """Find out what each input of a network means.

    Raises:
        SuiteError: no waveform among the inputs, or an input that nobody can fill.
    """
    waveform = _waveform(ports)
    others = [port for port in ports.inputs if port is not waveform]
    mask = next((port for port in others if _is_mask(port)), None)
    length = next((port for port in others if port.dtype in _LENGTHS and port.rank == 1), None)
    unknown = [port for port in others if port not in (mask, length)]
    if unknown:
        raise SuiteError(
            f"{ports.source} asks for {_listed(unknown)} beside its waveform '{waveform.name}'; a mask (batch, "
            "samples) and a length (batch), int32 or int64, can be filled in; export it without further inputs"
        )
    return Inputs(waveform, mask, length)


def _waveform(ports: Ports) -> Port:
    candidates = [port for port in ports.inputs if port.dtype in _FLOATS and not port.says("mask")]
    found = [port for port in candidates if _holds_samples(port)]
    if not found:
        raise SuiteError(_no_waveform(ports, candidates))
    chosen = min(found, key=lambda port: not port.says(*_WAVEFORM_NAMES))  # by name, else by position
    assert chosen.shape is not None
    if chosen.shape[-1] is not None or chosen.shape[0] not in (None, 1):
        raise SuiteError(
            f"{ports.source} takes input {chosen} only; waveforms of any length, alone or in batches, are needed; "
            "export it with dynamic axes for batch and samples"
        )
    return chosen


def _holds_samples(port: Port) -> bool:
    return port.rank == 2 or (port.rank == 3 and port.shape is not None and port.shape[1] == 1)  # noqa: PLR2004


def _no_waveform(ports: Ports, candidates: Sequence[Port]) -> str:
    features = next((port for port in candidates if port.rank == 3), None)  # noqa: PLR2004
    if features:
        return (
            f"{ports.source} takes {features}, which is a spectrogram (such as log-mel features), not a waveform; a "
            "float input of shape (batch, samples) or (batch, 1, samples) is accepted; export it together with its "
            "feature extraction"
        )
    return (
        f"{ports.source} has no waveform among its inputs {_listed(ports.inputs)}; a float input of shape "
        "(batch, samples) or (batch, 1, samples) is accepted; export the network from the waveform on"
    )


def _is_mask(port: Port) -> bool:
    if port.rank != 2 or port.dtype not in _MASKS or (port.shape and port.shape[1] is not None):  # noqa: PLR2004
        return False
    return port.dtype not in _FLOATS or port.says("mask")


class _Observation:
    """The outputs' shapes as declared and, from two inferences at most, as they turn out."""

    def __init__(self, ports: Ports, inputs: Inputs) -> None:
        self._ports = ports
        self._inputs = inputs
        self._seen: list[Shape] | None = None

    def declared(self, output: int) -> Shape:
        """Return an output's shape; one of unknown rank is observed."""
        shape = self._ports.outputs[output].shape
        return self.seen(output) if shape is None else shape

    def seen(self, output: int) -> Shape:
        """Return an output's shape with None for what changes with the input's length."""
        if self._seen is None:
            short, long = ([np.shape(found) for found in self._run(samples)] for samples in _TRIAL_SAMPLES)
            self._seen = [_common(*shapes) for shapes in zip(short, long, strict=True)]
        return self._seen[output]

    def _run(self, samples: int) -> Sequence[npt.NDArray[Any]]:
        return self._ports.run(self._inputs.feed(np.zeros((1, samples), np.float32)))


def _common(short: Shape, long: Shape) -> Shape:
    if len(short) != len(long):
        return ()
    return tuple(one if one == other else None for one, other in zip(short, long, strict=True))


def _logits_output(ports: Ports, observed: _Observation, vocabulary: int) -> int:
    floats = [number for number, port in enumerate(ports.outputs) if port.dtype in _FLOATS]
    found = [number for number in floats if len(observed.declared(number)) == 3]  # noqa: PLR2004
    if not found:
        raise SuiteError(
            f"{ports.source} has no logits among its outputs {_listed(ports.outputs)}; a float output of shape "
            "(batch, frames, vocabulary) or (batch, vocabulary, frames) is accepted; export it with its CTC head"
        )
    for word in _LOGITS_NAMES:
        named = [number for number in found if ports.outputs[number].says(word)]
        if named:
            return named[0]
    return next((number for number in found if vocabulary in observed.declared(number)[1:]), found[0])


def _labels_major(source: str, observed: _Observation, output: int, vocabulary: int) -> bool:
    """Tell the axes apart: the labels' has the vocabulary's size, the frames' changes with the input's length."""
    axes = observed.declared(output)[1:]
    if axes.count(None) != 1:
        axes = observed.seen(output)[1:]
    if axes.count(None) != 1:
        raise SuiteError(
            f"{source} gives {axes} values for {_TRIAL_SAMPLES[0]} and for {_TRIAL_SAMPLES[1]} samples alike; frames "
            "that grow with the waveform are needed; export it with a dynamic axis for its frames"
        )
    labels_major = axes[1] is None
    size = axes[0] if labels_major else axes[1]
    assert size is not None
    _require_vocabulary(source, size, vocabulary)
    return labels_major


def _require_vocabulary(source: str, found: int, vocabulary: int) -> None:
    if found != vocabulary:
        raise SuiteError(
            f"{source} gives {found} values a frame, but there are {vocabulary} labels; a label for each value is "
            "needed; check that labels and network belong together"
        )


def _listed(ports: Sequence[Port]) -> str:
    return ", ".join(str(port) for port in ports) or "(none)"


Key = str | int
Feed = dict[Key, npt.NDArray[Any]]
Run = Callable[[Feed], Sequence[npt.NDArray[Any]]]
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Port:
    """An input or an output as the file declares it.

    Attributes:
        key: what the runtime finds it by, a name or a position.
        dtype: NumPy's name of the element type.
        shape: None for a dimension that is dynamic, and for the whole where even the rank is.
    """

    name: str
    key: Key
    dtype: str
    shape: Shape | None

    @property
    def rank(self) -> int | None:
        """Number of dimensions, None where it is not declared."""
        return None if self.shape is None else len(self.shape)

    def says(self, *words: str) -> bool:
        """Tell whether the name contains one of the words."""
        return any(word in self.name.lower() for word in words)

    def __str__(self) -> str:
        shape = "?" if self.shape is None else ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"'{self.name}' {self.dtype} ({shape})"


@dataclass(frozen=True)
class Ports:
    """All inputs and outputs of a network, and how it is run.

    Attributes:
        source: what messages call the network.
        run: gives all outputs, in their order, for a feed.
    """

    source: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    run: Run
