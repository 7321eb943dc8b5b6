"""Ranges of the activation quantizers of an IR, compared with the values that the activations take on speech.

A range that is too wide wastes bits, and one that is too narrow clips. Neither changes the graph or a weight. The
activations are observed with all activation quantizers bypassed, as calibration observes them, so that one wrong range
cannot hide another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wergate.config.base import Aggregator
from wergate.networks.ir.file import compile_model, ir_inputs, read_ir
from wergate.networks.ir.precision import INFERENCE_PRECISION
from wergate.networks.ir.weights import constant_values
from wergate.networks.ir.work import FAKE_QUANTIZE, is_stored

Values = npt.NDArray[np.float32]
# Compressed weights must not make the runtime quantize the activations that are observed.
OBSERVING = {INFERENCE_PRECISION: "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
_SYMMETRIC = 0.02  # with 128 levels, one end is 64/63 of the other
_AGGREGATES: Mapping[Aggregator, Callable[..., Values]] = {
    "min": np.min,
    "max": np.max,
    "mean": np.mean,
    "median": np.median,
}
_DEVIATIONS = 3.0  # standard errors that chance explains
_LOWEST, _QUANTILE, _HIGHEST = range(3)  # the figures of a channel


@dataclass(frozen=True)
class StoredRange:
    """The ranges of one activation quantizer.

    Attributes:
        name: name of the FakeQuantize.
        ends: low and high end of its inputs, then of its outputs; each a number, or one per channel.
    """

    name: str
    ends: tuple[Values, Values, Values, Values]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an end: empty, or that of the channels, in a form that broadcasts to the activation."""
        return np.broadcast_shapes(*(end.shape for end in self.ends))

    @property
    def pairs(self) -> tuple[tuple[Values, Values], tuple[Values, Values]]:
        """The range of the inputs and that of the outputs, one value per channel."""
        low, high, out_low, out_high = (np.broadcast_to(end, self.shape).reshape(-1) for end in self.ends)
        return (low, high), (out_low, out_high)


@dataclass(frozen=True)
class RangeRule:
    """Rule by which a quantizer makes a range of what it observes in each calibration utterance.

    Attributes:
        low: how the minima of the utterances become the low end.
        high: how their upper quantiles become the high end. A symmetric range follows from this end alone.
        outlier_prob: share of the largest values that the upper quantile leaves out.
    """

    low: Aggregator
    high: Aggregator
    outlier_prob: float


@dataclass(frozen=True)
class RangeWidth:
    """Width of a range, compared with the width that a number of utterances ask for.

    Attributes:
        name: name of the FakeQuantize.
        bits: logarithm to base 2 of the ratio of the widths: 1 for a range that is twice as wide as needed, -1 for one
            that covers half of what is needed.
        chance: largest deviation in bits that the choice of the observed utterances explains.
    """

    name: str
    bits: float
    chance: float


def activation_ranges(path: Path) -> tuple[StoredRange, ...]:
    """Return the ranges of an IR's activation quantizers, in the network's order; not those that depend on the input.

    Args:
        path: the `.xml`, with its `.bin` in the same folder.
    """
    return tuple(stored for op in _quantizers(read_ir(path)) if (stored := _stored(op)) is not None)


def _quantizers(model: Any) -> Iterator[Any]:
    """Yield the FakeQuantize operations on activations; those on weights are evaluated when an IR is compiled."""
    for op in model.get_ordered_ops():
        if op.get_type_name() == FAKE_QUANTIZE and not is_stored(op.input_value(0).get_node()):
            yield op


def _stored(op: Any) -> StoredRange | None:
    ends = [constant_values(op.input_value(number).get_node()) for number in range(1, 5)]
    low, high, out_low, out_high = ends
    if low is None or high is None or out_low is None or out_high is None:
        return None
    return StoredRange(op.get_friendly_name(), (low, high, out_low, out_high))


def observe(path: Path, waveforms: Iterable[Values], *, outlier_prob: float) -> Values:
    """Return what the activations before each quantizer of `activation_ranges` take, with all quantizers bypassed.

    Args:
        path: the `.xml` of the quantized IR.
        waveforms: inputs of the network, one utterance each: float32, shape (samples,).
        outlier_prob: share of the largest values that the upper quantile leaves out.

    Returns:
        Shape (utterances, channels of all quantizers, 3): minimum, upper quantile and maximum. A quantizer with a
        single range counts as one channel.

    Raises:
        SuiteError: the IR is damaged, takes no waveform, or cannot run.
    """
    model = read_ir(path)
    inputs = ir_inputs(path, model)
    quantizers = list(_quantizers(model))
    observed = [(op.input_value(0), stored.shape) for op in quantizers if (stored := _stored(op)) is not None]
    for op in quantizers:
        for target in list(op.output(0).get_target_inputs()):
            target.replace_source_output(op.input_value(0))
    model.add_outputs([source for source, _ in observed])
    # Two quantizers may have one source, and a source may be an output already.
    places = {_place(result.input_value(0)): number for number, result in enumerate(model.get_results())}
    taken = [(places[_place(source)], shape) for source, shape in observed]
    request = compile_model(path, model, "CPU", OBSERVING).create_infer_request()
    rows = []
    for waveform in waveforms:
        found = list(request.infer(inputs.feed(waveform[None]), share_outputs=True).values())
        rows.append(np.concatenate([_figures(np.asarray(found[place]), shape, outlier_prob) for place, shape in taken]))
    return np.asarray(rows, np.float32)


def _place(output: Any) -> tuple[str, int]:
    return output.get_node().get_name(), output.get_index()


def _figures(values: Values, shape: tuple[int, ...], outlier_prob: float) -> Values:
    """Return minimum, upper quantile and maximum of each channel: shape (channels, 3)."""
    per_channel = _by_channel(values.astype(np.float32, copy=False), shape)
    lowest, highest = per_channel.min(axis=1), per_channel.max(axis=1)
    quantile = [upper_quantile(row, outlier_prob) for row in per_channel]
    return np.stack([lowest, np.asarray(quantile, np.float32), highest], axis=1)


def _by_channel(values: Values, shape: tuple[int, ...]) -> Values:
    """Return an activation as (channels, values), for ranges of a shape that broadcasts to it."""
    if math.prod(shape) == 1:
        return values.reshape(1, -1)
    aligned = (1,) * (values.ndim - len(shape)) + shape
    channels = [axis for axis, size in enumerate(aligned) if size > 1]
    rest = [axis for axis, size in enumerate(aligned) if size == 1]
    return values.transpose(*channels, *rest).reshape(math.prod(shape), -1)


def upper_quantile(values: Values, outlier_prob: float) -> float:
    """Return the quantile 1 - outlier_prob, interpolated as numpy does it."""
    place = (1 - outlier_prob) * (len(values) - 1)
    kept = len(values) - math.floor(place)  # so many values are at or above it
    top = values[values > values.max() / 2]  # seldom more than a few: sorting all of them takes most of the time
    if len(top) < kept:
        return float(np.quantile(values, 1 - outlier_prob))
    lower, upper = np.sort(np.partition(top, len(top) - kept)[len(top) - kept :])[[0, min(1, kept - 1)]]
    return float(lower + (upper - lower) * (place - math.floor(place)))


def range_widths(
    ranges: Sequence[StoredRange], observed: Values, rule: RangeRule | None, *, share: float = 0.0
) -> tuple[RangeWidth, ...]:
    """Compare the widths of ranges with those that the observed utterances ask for.

    Of the range of a quantizer's inputs and that of its outputs, the one that is further off counts.

    Args:
        ranges: as `activation_ranges` returns them.
        observed: as `observe` returns it.
        rule: rule of the quantizer; None if it is unknown. Then a range may be anything between the narrowest that a
            quantizer would choose, the mean of upper quantiles, and the largest value of all.
        share: share of the calibration utterances that were observed; the rest explains chance.
    """
    sizes = [math.prod(stored.shape) for stored in ranges]
    parts = np.split(observed, np.cumsum(sizes)[:-1], axis=1) if sizes else []
    return tuple(_width(stored, part, rule, share) for stored, part in zip(ranges, parts, strict=True))


def _width(stored: StoredRange, observed: Values, rule: RangeRule | None, share: float) -> RangeWidth:
    bits = [_bits(low, high, observed, rule) for low, high in stored.pairs]
    worst = max(bits, key=lambda value: math.inf if math.isnan(value) else abs(value))
    return RangeWidth(stored.name, worst, _chance(observed, share))


def _chance(observed: Values, share: float) -> float:
    """Return the bits by which the mean of the observed widths may differ from that of all utterances."""
    widths = np.maximum(observed[..., _QUANTILE], 0.0).sum(axis=1)
    if len(widths) < 2 or widths.mean() <= 0:  # noqa: PLR2004 - one utterance has no spread
        return 0.0
    error = widths.std(ddof=1) / math.sqrt(len(widths)) * math.sqrt(max(0.0, 1 - share))
    return math.log2(1 + _DEVIATIONS * float(error / widths.mean()))


def _bits(low: Values, high: Values, observed: Values, rule: RangeRule | None) -> float:
    """Return the deviation of a range in bits; several channels count by the sum of their widths."""
    narrow, wide = _expected(low, high, observed, rule)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return math.nan
    own, widest, needed = ((ends[1] - ends[0]).sum() for ends in ((low, high), wide, narrow))
    covered = np.maximum(0.0, np.minimum(high, narrow[1]) - np.maximum(low, narrow[0])).sum()
    too_wide, too_narrow = _log_ratio(own, widest), _log_ratio(needed, covered)
    return max(0.0, too_wide) if too_wide >= too_narrow else -max(0.0, too_narrow)


def _log_ratio(one: float, other: float) -> float:
    """Return log2 of a ratio of widths; an activation that is always zero asks for no width, and any will do."""
    if one <= 0:
        return 0.0 if other <= 0 else -math.inf
    return math.log2(one / other) if other > 0 else math.inf


def _expected(
    low: Values, high: Values, observed: Values, rule: RangeRule | None
) -> tuple[tuple[Values, Values], tuple[Values, Values]]:
    """Return the narrowest and the widest range that the observed values explain; one range for a known rule."""
    lowest, quantile, highest = (observed[..., figure] for figure in (_LOWEST, _QUANTILE, _HIGHEST))
    if rule is None:
        bottom, top = (lowest.mean(axis=0), lowest.min(axis=0)), (quantile.mean(axis=0), highest.max(axis=0))
    else:
        bottom = (_AGGREGATES[rule.low](lowest, axis=0),) * 2
        top = (_AGGREGATES[rule.high](quantile, axis=0),) * 2
    if bool(np.all(np.abs(low + high) <= _SYMMETRIC * np.abs(high))):
        # NNCF takes the upper end alone, POT and others the larger one of both ends.
        reach = (top[0], top[1] if rule else np.maximum(top[1], -bottom[1]))
        return (-reach[0], reach[0]), (-reach[1], reach[1])
    floors = tuple(np.minimum(end, 0.0) if np.any(low < 0) else np.zeros_like(end) for end in bottom)
    return (floors[0], np.maximum(top[0], 0.0)), (floors[1], np.maximum(top[1], 0.0))


def range_ends(ranges: Iterable[StoredRange]) -> Mapping[str, tuple[float, float]]:
    """Return the ends of each quantizer's inputs by its name; of several channels, the lowest and the highest end."""
    return {stored.name: (float(stored.ends[0].min()), float(stored.ends[1].max())) for stored in ranges}
