"""How near an evaluation is to what the cores can do: the rate of plain matrix products, and where the time goes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset13 as op

from wergate.networks.ir.file import fix_length, read_ir
from wergate.networks.ir.work import operations
from wergate.networks.signature import Feed

_SIZE = 1024
_PRODUCTS = 8
_ROUNDS = 5


def gemm_gmacs(precision: str, *, streams: int) -> float:
    """Return how many thousand millions of multiply-accumulates a second plain matrix products reach, at their best.

    Args:
        precision: "f32" or "bf16", or "i8" for products of 8-bit values.
        streams: that many at a time, one on each core.
    """
    options = {"INFERENCE_PRECISION_HINT": "f32" if precision == "i8" else precision, "NUM_STREAMS": str(streams)}
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
    """Return a chain of square matrix products, each operand of 8 bit where that is asked for."""
    rng = np.random.default_rng(0)
    parameter = op.parameter([_SIZE, _SIZE], ov.Type.f32)
    value: Any = parameter
    for _ in range(_PRODUCTS):
        weights: Any = op.constant((rng.uniform(-1, 1, (_SIZE, _SIZE)) / np.sqrt(_SIZE)).astype(np.float32))
        if quantized:
            value, weights = _fake_quantized(value, 1.0, 256), _fake_quantized(weights, 1.0, 255)
        value = op.matmul(value, weights, transpose_a=False, transpose_b=True)
    return ov.Model([value], [parameter])


def _fake_quantized(value: Any, reach: float, levels: int) -> Any:
    low, high = (op.constant(np.float32(end)) for end in (-reach, reach))
    return op.fake_quantize(value, low, high, low, high, levels)


def utterance_gmacs(path: Path, samples: int) -> float:
    """Return the thousand millions of multiply-accumulates of one utterance of that many samples."""
    return sum(operation.macs for operation in operations(_static(path, samples)[0])) / 1e9


def layer_seconds(path: Path, samples: int, options: Mapping[str, str]) -> dict[str, float]:
    """Return where the time of one inference goes, in seconds by kind of layer, by the runtime's own counters."""
    model, feed = _static(path, samples)
    compiled = ov.Core().compile_model(model, "CPU", {**options, "PERF_COUNT": "YES"})
    request = compiled.create_infer_request()
    for _ in range(2):  # the first one allocates
        request.infer(feed)
    seconds: dict[str, float] = defaultdict(float)
    for counted in request.profiling_info:
        kind = "quantized " if counted.exec_type.lower().endswith(("i8", "u8")) else ""
        seconds[kind + counted.node_type] += counted.real_time.total_seconds()
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def _static(path: Path, samples: int) -> tuple[ov.Model, Feed]:
    model = read_ir(path)
    return model, fix_length(path, model, samples)
