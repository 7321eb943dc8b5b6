"""Figures of the activations of a network on calibration utterances, reduced in one pass.

NNCF observes a network twice: as it is, to smooth activations, and again with the smoothed ones, for the ranges. The
smoothed activation is the original one times a factor for each channel. So the extreme values of each channel, of the
first pass, also give the figures of the second one.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13

from wergate.environment.machine import cpu, thread_options
from wergate.networks.ir.ranges import OBSERVING, Values
from wergate.networks.ir.weights import constant_values
from wergate.networks.signature import Feed

Place = tuple[str, int]  # name of an operation and number of its output
Figure = tuple[Place, int]  # what is computed of an activation: its place and a name
Reduction = Callable[[Values], Values]
Extension = Callable[[Any], Any]  # of an output of the network by operations that reduce it
# Of a channel, so many of the largest values are kept, and so many times the share of values above a range.
_KEPT, _KEPT_SHARES = 8, 16
_BATCHED = 3  # axes of an activation with a batch
_STREAMS = 2  # activations of so many utterances are in memory at once


@dataclass(frozen=True)
class Channels:
    """Values of each channel of an activation in one utterance.

    Attributes:
        shape: shape of the activation.
        top: the largest values, ascending: shape (channels, kept values).
        low, mean: smallest and mean value: shape (channels,).
    """

    shape: tuple[int, ...]
    top: Values
    low: Values
    mean: Values

    def times(self, factors: Values) -> Channels:
        """Return the channels of the activation times a positive factor for each channel."""
        return Channels(self.shape, self.top * factors[:, None], self.low * factors, self.mean * factors)

    def upper_quantile(self, outlier_prob: float) -> float:
        """Return the quantile 1 - outlier_prob of all values, which is low if many of the largest share a channel."""
        size = int(np.prod(self.shape))
        place = (1 - outlier_prob) * (size - 1)
        kept = size - int(place)  # so many values are at or above it
        top = np.sort(self.top, axis=None)
        if kept > len(top):
            return float(top[0])
        lower, upper = top[len(top) - kept], top[min(len(top) - kept + 1, len(top) - 1)]
        return float(lower + (upper - lower) * (place - int(place)))


@dataclass(frozen=True)
class Observation:
    """Figures of one utterance.

    Attributes:
        figures: the figures that were asked for.
        channels: the channels of each place of which they were asked.
        copies: the activations of each place that were asked for as they are.
    """

    figures: Mapping[Figure, Values]
    channels: Mapping[Place, Channels]
    copies: Mapping[Place, Values]


@dataclass(frozen=True)
class Sample:
    """Activations that are kept as they are, of a few utterances.

    Attributes:
        places: the activations.
        utterances: numbers of the utterances.
    """

    places: tuple[Place, ...] = ()
    utterances: frozenset[int] = frozenset()


def channels_of(values: Values, axis: int, outlier_prob: float) -> Channels:
    """Reduce an activation to its channels, which are one of its axes."""
    first = np.moveaxis(values, axis, 0)
    by_channel = np.ascontiguousarray(first.reshape(len(first), -1), np.float32)
    length = by_channel.shape[1]
    kept = min(length, max(_KEPT, math.ceil(_KEPT_SHARES * outlier_prob * length)))
    top = np.sort(np.partition(by_channel, -kept, axis=1)[:, -kept:], axis=1)
    return Channels(values.shape, top, by_channel.min(axis=1), by_channel.mean(axis=1))


def observe(
    model: Any,
    feeds: Sequence[Feed],
    reductions: Mapping[Figure, Reduction],
    inside: Mapping[Figure, Extension],
    by_channel: Mapping[Place, int],
    *,
    outlier_prob: float,
    sample: Sample,
) -> list[Observation]:
    """Run a network and reduce its activations, utterance by utterance.

    Args:
        model: an `openvino.Model`, which is not changed.
        feeds: inputs of the network, one utterance each.
        reductions: figures to compute of an activation, and how.
        inside: figures that the network itself computes, and how to extend it; their activations stay in it.
        by_channel: places of which the channels are kept, and the axis of the channels.
        outlier_prob: share of the largest values that the ranges leave out.
        sample: activations to keep as they are.
    """
    places = list(dict.fromkeys([*(place for place, _ in reductions), *by_channel, *sample.places]))
    run = ActivationRun(model, places, inside)

    def reduced(number: int) -> Observation:
        found, figures = run(feeds[number])
        figures |= {key: reduce(found[key[0]]) for key, reduce in reductions.items()}
        channels = {place: channels_of(found[place], axis, outlier_prob) for place, axis in by_channel.items()}
        copied = sample.places if number in sample.utterances else ()
        return Observation(figures, channels, {place: found[place].copy() for place in copied})

    with ThreadPoolExecutor(run.streams) as pool:
        return list(pool.map(reduced, range(len(feeds))))


class ActivationRun:
    """The network with activations and figures as further outputs, and a request for each thread.

    Attributes:
        streams: number of threads that may call it at a time.
    """

    def __init__(self, model: Any, places: Sequence[Place], inside: Mapping[Figure, Extension]) -> None:
        """Compile the network.

        Args:
            model: an `openvino.Model`, which is not changed.
            places: activations to return.
            inside: figures that the network itself computes, and how to extend it.
        """
        observed = model.clone()
        nodes = {op.get_friendly_name(): op for op in observed.get_ops()}
        sources = {place: nodes[place[0]].output(place[1]) for place in places}
        figures = {key: extend(nodes[key[0][0]].output(key[0][1])) for key, extend in inside.items()}
        outputs = [*sources.values(), *figures.values()]
        observed.add_outputs([output for output in outputs if not _is_result(output)])
        numbers = {place_of(result.input_value(0)): number for number, result in enumerate(observed.get_results())}
        self.streams = max(1, min(_STREAMS, cpu().cores))
        options = thread_options() | OBSERVING | {"NUM_STREAMS": str(self.streams)}
        self._places = {place: numbers[place_of(output)] for place, output in sources.items()}
        self._figures = {key: numbers[place_of(output)] for key, output in figures.items()}
        self._compiled = ov.Core().compile_model(observed, "CPU", options)
        self._own = threading.local()

    def __call__(self, feed: Feed) -> tuple[dict[Place, Values], dict[Figure, Values]]:
        """Return activations, which are valid until the next call in the same thread, and figures."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        found = list(self._own.request.infer(feed, share_outputs=True).values())
        activations = {place: np.asarray(found[number], np.float32) for place, number in self._places.items()}
        return activations, {key: np.array(found[number]) for key, number in self._figures.items()}


def mean_of(output: Any, axis: int) -> Any:
    """Extend a network by the mean of each channel of an activation; of a matrix, by the mean over its first axis."""
    rank = output.get_partial_shape().rank.get_length()
    axes = [0] if rank < _BATCHED else [other for other in range(rank) if other != axis % rank]
    exact = opset13.convert(output, "f32")
    return opset13.reduce_mean(exact, np.asarray(axes, np.int64), keep_dims=False).output(0)


def shape_of(output: Any) -> Any:
    """Extend a network by the shape of an activation."""
    return opset13.shape_of(output, "i32").output(0)


def _is_result(output: Any) -> bool:
    return any(port.get_node().get_type_name() == "Result" for port in output.get_target_inputs())


def place_of(output: Any) -> Place:
    """Return the place of an output."""
    return output.get_node().get_friendly_name(), output.get_index()


@dataclass(frozen=True)
class Smoothing:
    """An activation that SmoothQuant scales.

    Attributes:
        original: place of the activation before that.
        axis: axis of its channels, counted from the end.
        factors: factor of each channel.
    """

    original: Place
    axis: int
    factors: Values


def smoothings(model: Any) -> dict[Place, Smoothing]:
    """Return what SmoothQuant scaled in a model, by the place of the scaled activation."""
    return {
        place_of(op.output(0)): _smoothing(op)
        for op in model.get_ordered_ops()
        if op.get_friendly_name().endswith("smooth_quant")
    }


def _smoothing(op: Any) -> Smoothing:
    factors = np.asarray(constant_values(op.input_value(1).get_node()))
    axis = int(np.argmax(factors.shape)) - factors.ndim if factors.size > 1 else -1
    return Smoothing(place_of(op.input_value(0)), axis, factors.reshape(-1))
