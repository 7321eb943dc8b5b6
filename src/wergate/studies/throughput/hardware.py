"""Hardware limit of an evaluation: the rate of plain matrix products, and the time by kind of layer."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset13 as op

from wergate.environment.machine import thread_options
from wergate.networks.ir.file import fix_length, read_ir
from wergate.networks.ir.precision import INFERENCE_PRECISION
from wergate.networks.ir.work import operations
from wergate.networks.signature import Feed

_SIZE = 1024
_PRODUCTS = 8
_ROUNDS = 5


def gemm_gmacs(precision: str, *, streams: int) -> float:
    """Return the peak rate of plain matrix products, in 10⁹ multiply-accumulates per second.

    Args:
        precision: "f32", "bf16", or "i8" for products of 8-bit values.
        streams: number of products that run in parallel, one per core.
    """
    options = {INFERENCE_PRECISION: "f32" if precision == "i8" else precision, "NUM_STREAMS": str(streams)}
    options |= thread_options()
    compiled = ov.Core().compile_model(_products(quantized=precision == "i8"), "CPU", options)
    batch = np.random.default_rng(0).uniform(-1, 1, (_SIZE, _SIZE)).astype(np.float32)
    requests = [compiled.create_infer_request() for _ in range(streams)]
    best_s = min(_elapsed_s(requests, batch) for _ in range(_ROUNDS))
    return streams * _PRODUCTS * _SIZE**3 / best_s / 1e9


def _elapsed_s(requests: list[ov.InferRequest], batch: Any) -> float:
    started = time.perf_counter()
    for request in requests:
        request.start_async([batch])
    for request in requests:
        request.wait()
    return time.perf_counter() - started


def _products(*, quantized: bool) -> ov.Model:
    """Return a chain of square matrix products, with 8-bit operands if `quantized`."""
    rng = np.random.default_rng(0)
    parameter = op.parameter([_SIZE, _SIZE], ov.Type.f32)
    value: Any = parameter
    for _ in range(_PRODUCTS):
        weights: Any = op.constant((rng.uniform(-1, 1, (_SIZE, _SIZE)) / np.sqrt(_SIZE)).astype(np.float32))
        if quantized:
            value, weights = _fake_quantized(value, 1.0, 256), _fake_quantized(weights, 1.0, 255)
        value = op.matmul(value, weights, transpose_a=False, transpose_b=True)
    return ov.Model([value], [parameter])


def _fake_quantized(value: Any, limit: float, levels: int) -> Any:
    low, high = (op.constant(np.float32(end)) for end in (-limit, limit))
    return op.fake_quantize(value, low, high, low, high, levels)


def utterance_gmacs(path: Path, samples: int) -> float:
    """Return the work of one utterance of that many samples, in 10⁹ multiply-accumulates."""
    return sum(operation.macs for operation in operations(_static(path, samples)[0])) / 1e9


def layer_seconds(path: Path, samples: int, options: Mapping[str, str]) -> dict[str, float]:
    """Return the time of one inference by kind of layer, in seconds, from the runtime's own counters."""
    model, feed = _static(path, samples)
    compiled = ov.Core().compile_model(model, "CPU", {**options, "PERF_COUNT": "YES"})
    request = compiled.create_infer_request()
    for _ in range(2):  # the first inference allocates buffers
        request.infer(feed)
    seconds: dict[str, float] = defaultdict(float)
    for node in request.profiling_info:
        kind = "quantized " if node.exec_type.lower().endswith(("i8", "u8")) else ""
        seconds[kind + node.node_type] += node.real_time.total_seconds()
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def _static(path: Path, samples: int) -> tuple[ov.Model, Feed]:
    model = read_ir(path)
    return model, fix_length(path, model, samples)
