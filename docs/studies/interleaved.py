"""Parts of the comparisons in this folder: rounds by lot, the input of noise, and a ratio with its interval."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import openvino
import scipy.special

SAMPLING_RATE = 16_000
_SEED = 7


def by_lot(names: Iterable[str], rounds: int) -> Iterator[str]:
    """Yield all names in each round, in an order by lot."""
    order, lot = list(names), random.Random(_SEED)  # noqa: S311 - a draw, not a secret
    for _ in range(rounds):
        lot.shuffle(order)
        yield from order


def noise_feed(model: openvino.Model, seconds: float) -> dict[int, np.ndarray]:
    """Fix a network's inputs to a length, and return noise for them, and a mask of ones if it takes one."""
    samples = int(seconds * SAMPLING_RATE)
    model.reshape({port: [1, samples] for port in model.inputs})
    noise = np.random.default_rng(_SEED).standard_normal((1, samples), np.float32)
    return {
        number: noise if port.element_type.is_real() else np.ones((1, samples), np.int64)
        for number, port in enumerate(model.inputs)
    }


def run_s(queue: openvino.AsyncInferQueue, feed: dict[int, np.ndarray], calls: int) -> float:
    """Return the seconds of some calls that run at the same time, as far as there are streams."""
    started = time.perf_counter()
    for _ in range(calls):
        queue.start_async(feed)
    queue.wait_all()
    return time.perf_counter() - started


def times_as_fast(base_s: Sequence[float], found_s: Sequence[float]) -> str:
    """Return how many times as fast one side is as another, with Student's t over the rounds."""
    ratios = np.log(base_s) - np.log(found_s)
    reach = scipy.special.stdtrit(len(ratios) - 1, 0.975) * ratios.std(ddof=1) / math.sqrt(len(ratios))
    mean, low, high = (math.exp(part) for part in (ratios.mean(), ratios.mean() - reach, ratios.mean() + reach))
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"
