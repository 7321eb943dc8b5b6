"""NNCF's post-training quantization, with the statistics of both of its steps from one pass over the utterances.

The steps, SmoothQuant and the ranges with their bias correction, are NNCF's. It would run all utterances before each
step and reduce most activations outside of the network, which takes three times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from wergate.networks.ir.ranges import Values, upper_quantile
from wergate.networks.ir.weights import constant_values
from wergate.networks.signature import Feed
from wergate.quantization.observations import (
    Channels,
    Observation,
    Place,
    Sample,
    Smoothing,
    mean_of,
    observe,
    shape_of,
    smoothings,
)

_ALONE = 1  # steps without SmoothQuant
_NONE: Mapping[Place, int] = {}
Activations = Mapping[Place, Values]


@dataclass(frozen=True)
class _Request:
    """A statistic that NNCF asks for.

    Attributes:
        place: the activation, or the weights.
        reducer: NNCF's description of the statistic.
        aggregator: takes the reduced value of each utterance.
    """

    place: Place
    reducer: Any
    aggregator: Any

    @property
    def key(self) -> tuple[Place, int]:
        """Place and name of the reduction."""
        return self.place, hash(self.reducer)


@dataclass(frozen=True)
class _Requests:
    """Statistics on activations, and those on weights, which no utterance changes."""

    activations: list[_Request]
    weights: list[_Request]


def quantize_in_one_pass(
    model: Any, feeds: Sequence[Feed], options: Mapping[str, Any], advanced: Any, sample: Sample
) -> tuple[Any, list[Activations]]:
    """Return the quantized model, as `nncf.quantize` does, and a sample of the activations.

    Args:
        model: the `openvino.Model`, which is not changed.
        feeds: inputs of the network, one calibration utterance each.
        options: options of `nncf.quantize`.
        advanced: NNCF's advanced parameters.
        sample: activations to return, of a few utterances; none are returned for a model with branches.

    Raises:
        nncf.ValidationError: a part of the ignored scope matches no operation.
    """
    import nncf
    from nncf.openvino.graph.model_utils import remove_friendly_name_duplicates
    from nncf.openvino.graph.nncf_graph_builder import GraphConverter
    from nncf.openvino.graph.node_utils import get_number_if_op
    from nncf.quantization.algorithms.post_training.pipeline import create_ptq_pipeline

    if get_number_if_op(model):  # NNCF quantizes each branch by itself
        return nncf.quantize(model, nncf.Dataset(feeds), **options, advanced_parameters=advanced), []
    model = remove_friendly_name_duplicates(model)
    pipeline = create_ptq_pipeline(**options, advanced_parameters=advanced)
    graph = GraphConverter.create_nncf_graph(model)
    outlier_prob = advanced.activations_range_estimator_params.max.quantile_outlier_prob
    if len(pipeline.pipeline_steps) == _ALONE:
        points = pipeline.get_statistic_points_for_step(0, model, graph)
        observed = _measure(points, model, feeds, outlier_prob, sample)
        return _finished(pipeline.run_step(0, points, model, graph), options, advanced), _copies(observed)
    trial = create_ptq_pipeline(**options, advanced_parameters=advanced)
    likely = _smoothed_once(trial, model, graph, min(feeds, key=_size), outlier_prob)
    likely_graph = GraphConverter.create_nncf_graph(likely)
    smoothing = pipeline.get_statistic_points_for_step(0, model, graph)
    ranging = pipeline.get_statistic_points_for_step(1, likely, likely_graph)
    first, second = _requests(smoothing, model), _requests(ranging, likely)
    scaled = smoothings(likely)
    asked = [*first.activations, *(request for request in second.activations if request.place not in scaled)]
    del likely  # its weights take the memory that the activations need
    axes = {each.original: each.axis for each in scaled.values()}
    observed = _observed(model, feeds, asked, outlier_prob, sample, axes)
    _answer(first.activations, observed, {})
    smoothed = pipeline.run_step(0, smoothing, model, graph)
    _answer(second.activations, observed, smoothings(smoothed))
    _answer_weights(second.weights, smoothed)
    return _finished(pipeline.run_step(1, ranging, smoothed, likely_graph), options, advanced), _copies(observed)


def _copies(observed: Sequence[Observation]) -> list[Activations]:
    return [each.copies for each in observed if each.copies]


def _size(feed: Feed) -> int:
    return max(array.size for array in feed.values())


def _smoothed_once(pipeline: Any, model: Any, graph: Any, feed: Feed, outlier_prob: float) -> Any:
    """Return the model smoothed by one utterance, whose structure is that of the model smoothed by all of them."""
    points = pipeline.get_statistic_points_for_step(0, model, graph)
    _measure(points, model, [feed], outlier_prob, Sample())
    return pipeline.run_step(0, points, model, graph)


def _measure(points: Any, model: Any, feeds: Sequence[Feed], outlier_prob: float, sample: Sample) -> list[Observation]:
    """Give NNCF the statistics that it asks for a model."""
    requests = _requests(points, model)
    observed = _observed(model, feeds, requests.activations, outlier_prob, sample)
    _answer(requests.activations, observed, {})
    _answer_weights(requests.weights, model)
    return observed


def _requests(points: Any, model: Any) -> _Requests:
    """Return the statistics that NNCF asks for, in its order."""
    from nncf.common.graph.transformations.commands import TargetType

    nodes = {op.get_friendly_name(): op for op in model.get_ops()}
    found = _Requests([], [])
    for _, point, collector in points.get_tensor_collectors():
        target = point.target_point
        node = nodes[target.target_node_name]
        after = target.type == TargetType.POST_LAYER_OPERATION
        output = node.output(target.port_id) if after else node.input_value(target.port_id)
        place = (output.get_node().get_friendly_name(), output.get_index())
        kind = found.activations if constant_values(output.get_node()) is None else found.weights
        reducers = {hash(reducer): reducer for reducer in collector.reducers}
        kind += [_Request(place, reducers[key[0]], aggregator) for key, aggregator in collector.aggregators.items()]
    return found


def _answer_weights(requests: Sequence[_Request], model: Any) -> None:
    from nncf.tensor import Tensor

    nodes = {op.get_friendly_name(): op for op in model.get_ops()}
    for request in requests:
        weights = np.asarray(constant_values(nodes[request.place[0]]))
        request.aggregator.register_reduced_input(Tensor(_reduced(request.reducer, weights)))


def _observed(
    model: Any,
    feeds: Sequence[Feed],
    requests: Sequence[_Request],
    outlier_prob: float,
    sample: Sample,
    by_channel: Mapping[Place, int] = _NONE,
) -> list[Observation]:
    reducers = {request.key: request.reducer for request in requests}
    inside = {key: partial(_INSIDE[_kind(own)], own) for key, own in reducers.items() if _kind(own) in _INSIDE}
    reductions = {key: partial(_reduced, own) for key, own in reducers.items() if key not in inside}
    return observe(model, feeds, reductions, inside, by_channel, outlier_prob=outlier_prob, sample=sample)


def _kind(reducer: Any) -> str:
    return type(reducer).__name__


def _answer(requests: Sequence[_Request], observed: Sequence[Observation], smoothed: Mapping[Place, Smoothing]) -> None:
    """Give NNCF the statistics of every utterance, in their order."""
    from nncf.tensor import Tensor

    for request in requests:
        at = smoothed.get(request.place)
        for each in observed:
            if at is None:
                value = each.figures[request.key]
            else:
                value = _of_channels(request.reducer, each.channels[at.original].times(at.factors))
            request.aggregator.register_reduced_input(Tensor(value))


def _reduced(reducer: Any, values: Values) -> Values:
    """Compute a statistic of an activation, as NNCF's reducer does."""
    if _kind(reducer) == "OVQuantileReducer" and len(_axes(reducer, values)) == values.ndim:
        return np.full((1,) * values.ndim, upper_quantile(values.reshape(-1), 1 - reducer._quantile[0]), np.float32)  # noqa: SLF001
    from nncf.tensor import Tensor

    own = copy(reducer)
    own._inplace = False  # noqa: SLF001 - the network does not compute it here
    return np.asarray(own([Tensor(values)])[0].data)


def _axes(reducer: Any, values: Values) -> tuple[int, ...]:
    from nncf.common.tensor_statistics.collectors import determine_reduction_axes

    return tuple(determine_reduction_axes(values.ndim, reducer._axes, reducer._axes_mode))  # noqa: SLF001


_INSIDE: Mapping[str, Callable[[Any, Any], Any]] = {
    "OVMeanPerChanelReducer": lambda reducer, output: mean_of(output, reducer._channel_axis),  # noqa: SLF001
    "OVShapeReducer": lambda _, output: shape_of(output),
}


def _of_channels(reducer: Any, channels: Channels) -> Values:
    """Compute a statistic of an activation from its channels."""
    kind, ones = _kind(reducer), (1,) * len(channels.shape)
    if kind == "OVMinReducer":
        return np.full(ones, channels.low.min(), np.float32)
    if kind == "OVQuantileReducer":
        return np.full(ones, channels.upper_quantile(1 - reducer._quantile[0]), np.float32)  # noqa: SLF001
    if kind == "OVMeanPerChanelReducer":
        return channels.mean
    if kind == "OVShapeReducer":
        return np.asarray(channels.shape, np.int32)
    raise NotImplementedError(kind)


def _finished(quantized: Any, options: Mapping[str, Any], advanced: Any) -> Any:
    """Store the weights in 8 bits, and note the parameters in the model as `nncf.quantize` does."""
    from nncf.openvino.rt_info import dump_parameters
    from nncf.quantization.advanced_parameters import convert_to_dict_recursively
    from openvino._offline_transformations import compress_quantize_weights_transformation

    compress_quantize_weights_transformation(quantized)
    dump_parameters(quantized, {**options, "advanced_parameters": convert_to_dict_recursively(advanced)})
    return quantized
