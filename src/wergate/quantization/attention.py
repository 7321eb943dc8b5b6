"""Ranges for the second product of each attention, chosen by the error that they cause in its result.

A probability is at most 1, but a range up to 1 rounds most of them to zero. A smaller range clips the few large ones
and keeps the many small ones. Few keys have large probabilities, and many keys small ones. So the mean square error of
the product is measured for utterances as they are, and for as many keys as 60 seconds of speech have. The best range
is the one whose larger error is the smallest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wergate.networks.ir.attention import ValueRanges, attentions, has_mask, quantize_values, scale_of
from wergate.networks.ir.ranges import Values
from wergate.networks.ir.work import is_quantized
from wergate.networks.signature import Feed
from wergate.quantization.observations import Place, Sample, place_of

_OBSERVED = 8  # utterances
_ROWS = 16  # queries of an utterance, spread over it
_LONG = 3000  # keys: 60 seconds at 50 frames a second; 20 seconds lie between this and utterances
_SOFTMAX_RANGES = tuple(2.0**-step for step in range(10))
_BETWEEN = (2**-0.5, 2**0.5)  # of the best of these ranges, also tried
_VALUE_SHARES = (1.0, 0.85, 0.7, 0.6, 0.5)  # of the largest value
_UNSIGNED, _SIGNED = 255, 127
_TINY = 1e-20  # in place of a zero that is divided by
_HALVED = 2.0  # a range twice as wide leaves seven bits, whose products with 8 bits fit into 16
_MASK = 3  # number of the operand


@dataclass(frozen=True)
class _Operands:
    """Some queries and all keys and values of an attention in one utterance: shape (heads, frames, channels).

    `bias` is added to the scores of every query: it broadcasts to (heads, 1, keys).
    """

    queries: Values
    keys: Values
    values: Values
    bias: Values


@dataclass(frozen=True)
class AttentionChoice:
    """The ranges of an attention, and what they cost.

    Attributes:
        name: name of the attention.
        ranges: the best ranges.
        sqnr_db: SQNR of its result in dB by the number of keys; 0 stands for utterances as they are.
    """

    name: str
    ranges: ValueRanges
    sqnr_db: Mapping[int, float]


def attention_sample(model: Any, feeds: Sequence[Feed]) -> Sample:
    """Return which activations `choose` needs: the operands of attentions, of a few utterances.

    Args:
        model: the FP16 IR as an `openvino.Model`.
        feeds: inputs of the network, one calibration utterance each.
    """
    places = dict.fromkeys(place for op in _suitable(model) for place in _places(op))
    ordered = sorted(range(len(feeds)), key=lambda number: max(array.size for array in feeds[number].values()))
    spread = np.unique(np.linspace(0, len(ordered) - 1, _OBSERVED).astype(int))
    return Sample(tuple(places), frozenset(ordered[number] for number in spread))


def quantize_attention_values(quantized: Any, choices: Sequence[AttentionChoice], *, sqnr_db_min: float) -> None:
    """Quantize the second product of each attention that bears it.

    Args:
        quantized: the INT8 model, which is changed in place.
        choices: the ranges, and what they cost.
        sqnr_db_min: an attention whose result has less, for utterances or for many keys, stays in floating point.
    """
    good = {each.name: each.ranges for each in choices if min(each.sqnr_db.values()) >= sqnr_db_min}
    for op in list(attentions(quantized)):
        if op.get_friendly_name() in good and _has_quantized_scores(op):
            quantize_values(op, good[op.get_friendly_name()])
    quantized.validate_nodes_and_infer_types()


def _has_quantized_scores(op: Any) -> bool:
    return all(is_quantized(op.input_value(number).get_node()) for number in (0, 1))


def choose(model: Any, sampled: Sequence[Mapping[Place, Values]], *, seven_bits: bool) -> Iterator[AttentionChoice]:
    """Yield the best ranges of each attention whose scores do not depend on the places of query and key.

    Args:
        model: the FP16 IR as an `openvino.Model`.
        sampled: the activations of `attention_sample`, utterance by utterance.
        seven_bits: limit the values to seven bits.
    """
    for op in _suitable(model) if sampled else ():
        utterances = [_operands([found[place] for place in _places(op)]) for found in sampled]
        yield _choice(op.get_friendly_name(), utterances, scale_of(op) or 1.0, seven_bits)


def _suitable(model: Any) -> list[Any]:
    return [op for op in attentions(model) if scale_of(op) is not None and not _has_mask_by_query(op)]


def _has_mask_by_query(op: Any) -> bool:
    if not has_mask(op):
        return False
    shape = op.input(_MASK).get_partial_shape()
    return shape.rank.get_length() > 1 and not (shape[-2].is_static and shape[-2].get_length() == 1)


def _places(op: Any) -> list[Place]:
    return [place_of(op.input_value(number)) for number in range(_MASK + has_mask(op))]


def _operands(found: Sequence[Values]) -> _Operands:
    queries, keys, values = (array.reshape(-1, *array.shape[-2:]) for array in found[:_MASK])
    rows = np.unique(np.linspace(0, queries.shape[1] - 1, _ROWS).astype(int))
    mask = np.atleast_1d(found[_MASK]) if len(found) > _MASK else np.zeros((1, 1), np.float32)
    return _Operands(queries[:, rows], keys, values, mask.reshape(-1, 1, mask.shape[-1]))


def _choice(name: str, utterances: Sequence[_Operands], scale: float, seven_bits: bool) -> AttentionChoice:
    values = _values_range(utterances, seven_bits)
    audio = {0: utterances, _LONG: [_with_keys(utterances, _LONG)]}
    coarse = _worst_noises(audio.values(), _SOFTMAX_RANGES, scale, values)
    best = _SOFTMAX_RANGES[int(np.argmin(coarse))]
    fine = (best, *(best * factor for factor in _BETWEEN))
    best = fine[int(np.argmin(_worst_noises(audio.values(), fine, scale, values)))]
    sqnr_db = {keys: float(-10 * np.log10(_noises(own, (best,), scale, values)[0])) for keys, own in audio.items()}
    return AttentionChoice(name, ValueRanges(best, values), sqnr_db)


def _worst_noises(
    audio: Collection[Sequence[_Operands]], candidates: Sequence[float], scale: float, values_range: float
) -> Values:
    noises = np.stack([_noises(own, candidates, scale, values_range) for own in audio])
    return np.asarray(noises.max(axis=0), np.float32)


def _values_range(utterances: Sequence[_Operands], seven_bits: bool) -> float:
    """Return the range of the values with the smallest mean square error."""
    values = np.concatenate([own.values.reshape(-1) for own in utterances])
    largest = max(float(np.abs(values).max()), _TINY)
    if seven_bits:
        return _HALVED * largest
    errors = [float(np.square(_signed(values, share * largest) - values).mean()) for share in _VALUE_SHARES]
    return _VALUE_SHARES[int(np.argmin(errors))] * largest


def _with_keys(utterances: Sequence[_Operands], count: int) -> _Operands:
    """Return the queries of all utterances before as many keys as a long one has: those of all, again and again."""
    keys, values = (np.concatenate([getattr(own, name) for own in utterances], axis=1) for name in ("keys", "values"))
    repeated = np.resize(np.arange(keys.shape[1]), count)
    queries = np.concatenate([own.queries for own in utterances], axis=1)[:, :: len(utterances)]
    return _Operands(queries, keys[:, repeated], values[:, repeated], np.zeros((1, 1, 1), np.float32))


def _noises(utterances: Sequence[_Operands], candidates: Sequence[float], scale: float, values_range: float) -> Values:
    """Return the noise of the product relative to the product, for each range of the softmax."""
    signal, noise = 0.0, np.zeros(len(candidates))
    for own in utterances:
        softmax = _softmax(own.queries @ np.swapaxes(own.keys, 1, 2) * np.float32(scale) + own.bias)
        exact, rounded = softmax @ own.values, _signed(own.values, values_range)
        signal += float(np.square(exact).sum())
        for number, largest in enumerate(candidates):
            noise[number] += float(np.square(_unsigned(softmax, largest) @ rounded - exact).sum())
    return np.asarray(np.maximum(noise, _TINY) / max(signal, _TINY), np.float32)


def _softmax(scores: Values) -> Values:
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), np.float32)


def _unsigned(values: Values, largest: float) -> Values:
    step = np.float32(largest / _UNSIGNED)
    return np.asarray(np.minimum(np.rint(values / step), _UNSIGNED) * step, np.float32)


def _signed(values: Values, largest: float) -> Values:
    step = np.float32(largest / _SIGNED)
    return np.asarray(np.clip(np.rint(values / step), -_SIGNED - 1, _SIGNED) * step, np.float32)
