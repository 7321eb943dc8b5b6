"""Meaning of a network's inputs and output: which input is the waveform, and which output axis is which.

Imported networks name and order their inputs as they like. A signature is matched once: from the declarations
in the file and, if these leave the output's axes open, from two inferences of different lengths. The meaning of
a mask's values is always taken from inferences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from wergate.corpora.audio import Samples
from wergate.errors import SuiteError, VocabularySizeError
from wergate.networks.ctc import Logits
from wergate.networks.mask_probe import Mask, ones_are_padding

_TRIAL_SAMPLES = (16_000, 24_000)  # longer than any receptive field, and many frames apart
_FLOATS = frozenset({"float16", "float32", "float64"})
_LENGTHS = frozenset({"int32", "int64"})
_MASKS = _LENGTHS | _FLOATS | {"bool"}
_WAVEFORM_NAMES = ("wav", "audio", "speech", "signal", "input_values", "inputs", "input")
_LOGITS_NAMES = ("logits", "logprob", "log_prob", "output")


@dataclass(frozen=True)
class Inputs:
    """A network's inputs by their meaning.

    Attributes:
        waveform: float, shape (batch, samples) or (batch, 1, samples).
        mask: shape (batch, samples); None if the network takes no mask.
        length: shape (batch,), samples of each row; None if the network takes no length.
        ones_are_padding: whether the mask is 1 for each sample of padding (fairseq, torch's `key_padding_mask`);
            otherwise it is 1 for each sample of speech (transformers).
    """

    waveform: Port
    mask: Port | None = None
    length: Port | None = None
    ones_are_padding: bool = False

    @property
    def row_by_row(self) -> bool:
        """True if the network takes one waveform at a time."""
        return any(port and port.shape and port.shape[0] == 1 for port in (self.waveform, self.mask, self.length))

    def feed(self, batch: Samples, counts: int | None = None) -> Feed:
        """Return the values of all inputs for a batch of waveforms.

        Args:
            batch: waveforms, float32, shape (batch, samples).
            counts: samples of each row before the padding; by default no row is padded.
        """
        counts = batch.shape[1] if counts is None else counts
        speech = np.broadcast_to(np.arange(batch.shape[1]) < counts, batch.shape)
        return self.masked_feed(batch, ~speech if self.ones_are_padding else speech, counts)

    def masked_feed(self, batch: Samples, mask: Mask, counts: int) -> Feed:
        """Return the values of all inputs, with the given mask for a network that takes one."""
        shaped = batch[:, None] if self.waveform.rank == 3 else batch  # noqa: PLR2004 - (batch, 1, samples)
        feed: Feed = {self.waveform.key: shaped.astype(self.waveform.dtype, copy=False)}
        if self.mask:
            feed[self.mask.key] = mask.astype(self.mask.dtype)
        if self.length:
            feed[self.length.key] = np.full(len(batch), counts, self.length.dtype)
        return feed


@dataclass(frozen=True)
class Signature:
    """A network's inputs and output by their meaning.

    Attributes:
        source: name of the network in messages.
        inputs: the inputs by their meaning.
        output: position of the logits among the outputs.
        labels_major: whether the logits have shape (batch, vocabulary, frames).
        vocabulary: number of labels.
    """

    source: str
    inputs: Inputs
    output: int
    labels_major: bool
    vocabulary: int

    @property
    def row_by_row(self) -> bool:
        """True if the network takes one waveform at a time."""
        return self.inputs.row_by_row

    def feed(self, batch: Samples, counts: int | None = None) -> Feed:
        """See `Inputs.feed`."""
        return self.inputs.feed(batch, counts)

    def logits(self, output: npt.NDArray[Any]) -> Logits:
        """Return a copy of an output as logits: float32, shape (batch, frames, vocabulary).

        Raises:
            SuiteError: the output's vocabulary size differs from `vocabulary`.
        """
        frames_major = output.transpose(0, 2, 1) if self.labels_major else output
        _require_vocabulary(self.source, frames_major.shape[-1], self.vocabulary)
        return np.array(frames_major, dtype=np.float32, order="C")


def match_signature(ports: Ports, vocabulary: int) -> Signature:
    """Match each input and output of a network to its meaning.

    Args:
        ports: inputs and outputs of the network.
        vocabulary: number of labels, and so the size of one axis of the logits.

    Raises:
        SuiteError: no input is a waveform, an input has no known meaning, no output has the shape of logits,
            or the logits have another vocabulary size.
    """
    inputs = match_inputs(ports)
    observation = _Observation(ports, inputs)
    output = _logits_output(ports, observation, vocabulary)
    labels_major = _labels_major(ports.source, observation, output, vocabulary)
    signature = Signature(ports.source, inputs, output, labels_major, vocabulary)
    return signature if inputs.mask is None or ports.ones_are_speech else _with_probed_mask(signature, ports)


def _with_probed_mask(signature: Signature, ports: Ports) -> Signature:
    """Return a signature with the meaning of the mask's values; where inferences do not settle it, its name does."""
    inputs = signature.inputs

    def infer(waveform: Samples, mask: Mask) -> Logits:
        outputs = ports.run(inputs.masked_feed(waveform, mask, waveform.shape[1]))
        logits: Logits = signature.logits(outputs[signature.output])[0]
        return logits

    try:
        found = ones_are_padding(infer)
    except SuiteError:  # a network may accept no mask but that of an utterance without padding
        found = None
    return signature if found is None else replace(signature, inputs=replace(inputs, ones_are_padding=found))


def match_inputs(ports: Ports) -> Inputs:
    """Match each input of a network to its meaning.

    Raises:
        SuiteError: no input is a waveform, or an input has no known meaning.
    """
    waveform = _waveform(ports)
    others = [port for port in ports.inputs if port is not waveform]
    mask = next((port for port in others if _is_mask(port)), None)
    length = next((port for port in others if port.dtype in _LENGTHS and port.rank == 1), None)
    unknown = [port for port in others if port not in (mask, length)]
    if unknown:
        raise SuiteError(
            f"{ports.source} requires {_listed(unknown)} in addition to its waveform '{waveform.name}'; a mask (batch, "
            "samples) and a length (batch), int32 or int64, are accepted; export it without other inputs"
        )
    return Inputs(waveform, mask, length, ones_are_padding=mask is not None and mask.name_contains("pad"))


def _waveform(ports: Ports) -> Port:
    candidates = [port for port in ports.inputs if port.dtype in _FLOATS and not port.name_contains("mask")]
    waveforms = [port for port in candidates if _holds_samples(port)]
    if not waveforms:
        raise SuiteError(_no_waveform(ports, candidates))
    chosen = min(waveforms, key=lambda port: not port.name_contains(*_WAVEFORM_NAMES))  # by name, else by position
    assert chosen.shape is not None
    if chosen.shape[-1] is not None or chosen.shape[0] not in (None, 1):
        raise SuiteError(
            f"{ports.source} has a fixed shape: input {chosen}; it must take waveforms of any length, one at a time "
            "or in batches of any size; export it with dynamic axes for batch and samples"
        )
    return chosen


def _holds_samples(port: Port) -> bool:
    return port.rank == 2 or (port.rank == 3 and port.shape is not None and port.shape[1] == 1)  # noqa: PLR2004


def _no_waveform(ports: Ports, candidates: Sequence[Port]) -> str:
    features = next((port for port in candidates if port.rank == 3), None)  # noqa: PLR2004
    if features:
        return (
            f"{ports.source} takes {features}, which is a spectrogram (such as log-mel features), not a waveform; a "
            "float input of shape (batch, samples) or (batch, 1, samples) is accepted; include the feature "
            "extraction in its export"
        )
    return (
        f"{ports.source} has no waveform among its inputs {_listed(ports.inputs)}; a float input of shape "
        "(batch, samples) or (batch, 1, samples) is accepted; export the network with the waveform as its input"
    )


def _is_mask(port: Port) -> bool:
    if port.rank != 2 or port.dtype not in _MASKS or (port.shape and port.shape[1] is not None):  # noqa: PLR2004
        return False
    return port.dtype not in _FLOATS or port.name_contains("mask")


class _Observation:
    """Shapes of the outputs, as declared and as observed in at most two inferences."""

    def __init__(self, ports: Ports, inputs: Inputs) -> None:
        self._ports = ports
        self._inputs = inputs
        self._observed: list[Shape] | None = None

    def declared(self, output: int) -> Shape:
        """Return the declared shape of an output, or the observed one if even the rank is unknown."""
        shape = self._ports.outputs[output].shape
        return self.observed(output) if shape is None else shape

    def observed(self, output: int) -> Shape:
        """Return the observed shape of an output, with None for each axis that changes with the input's length."""
        if self._observed is None:
            short, long = ([np.shape(values) for values in self._run(samples)] for samples in _TRIAL_SAMPLES)
            self._observed = [_common(*shapes) for shapes in zip(short, long, strict=True)]
        return self._observed[output]

    def _run(self, samples: int) -> Sequence[npt.NDArray[Any]]:
        return self._ports.run(self._inputs.feed(np.zeros((1, samples), np.float32)))


def _common(short: Shape, long: Shape) -> Shape:
    if len(short) != len(long):
        return ()
    return tuple(size if size == other else None for size, other in zip(short, long, strict=True))


def _logits_output(ports: Ports, observation: _Observation, vocabulary: int) -> int:
    floats = [number for number, port in enumerate(ports.outputs) if port.dtype in _FLOATS]
    candidates = [number for number in floats if len(observation.declared(number)) == 3]  # noqa: PLR2004
    if not candidates:
        raise SuiteError(
            f"{ports.source} has no logits among its outputs {_listed(ports.outputs)}; a float output of shape "
            "(batch, frames, vocabulary) or (batch, vocabulary, frames) is accepted; export it with its CTC head"
        )
    for word in _LOGITS_NAMES:
        named = [number for number in candidates if ports.outputs[number].name_contains(word)]
        if named:
            return named[0]
    return next((number for number in candidates if vocabulary in observation.declared(number)[1:]), candidates[0])


def _labels_major(source: str, observation: _Observation, output: int, vocabulary: int) -> bool:
    """Return whether the axis of labels comes before the axis of frames.

    The axis of labels has the size of the vocabulary. The axis of frames changes with the input's length.
    """
    axes = observation.declared(output)[1:]
    if axes.count(None) != 1:
        axes = observation.observed(output)[1:]
    if axes.count(None) != 1:
        raise SuiteError(
            f"{source} gives {axes} values for both {_TRIAL_SAMPLES[0]} and {_TRIAL_SAMPLES[1]} samples; the number "
            "of frames must grow with the waveform; export it with a dynamic axis for its frames"
        )
    labels_major = axes[1] is None
    size = axes[0] if labels_major else axes[1]
    assert size is not None
    _require_vocabulary(source, size, vocabulary)
    return labels_major


def _require_vocabulary(source: str, found: int, vocabulary: int) -> None:
    if found != vocabulary:
        raise VocabularySizeError(
            f"{source} gives {found} values per frame, but there are {vocabulary} labels; one label per value is "
            "needed; check that the labels belong to this network",
            found,
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
        name: name in the file.
        key: name or position by which the runtime finds the port.
        dtype: NumPy's name of the element type.
        shape: sizes, with None for a dynamic dimension; None as a whole if the rank is dynamic.
    """

    name: str
    key: Key
    dtype: str
    shape: Shape | None

    @property
    def rank(self) -> int | None:
        """Number of dimensions; None if it is not declared."""
        return None if self.shape is None else len(self.shape)

    def name_contains(self, *words: str) -> bool:
        """Return whether the name contains one of the words, ignoring case."""
        return any(word in self.name.lower() for word in words)

    def __str__(self) -> str:
        shape = "?" if self.shape is None else ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"'{self.name}' {self.dtype} ({shape})"


@dataclass(frozen=True)
class Ports:
    """All inputs and outputs of a network, and the function that runs it.

    Attributes:
        source: name of the network in messages.
        inputs: all inputs, in their order.
        outputs: all outputs, in their order.
        run: returns all outputs, in their order, for a feed.
        ones_are_speech: whether a mask is known to be 1 for each sample of speech; False if it is not known.
    """

    source: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    run: Run
    ones_are_speech: bool = False
