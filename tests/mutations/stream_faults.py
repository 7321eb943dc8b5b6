"""Faults in the streams of the runtime, which begin during a corpus and are too mild for the gates on logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import openvino as ov

from tests.mutations.fault import Fault, Scratch
from wergate.evaluation import inference as comparison
from wergate.networks.ctc import Logits
from wergate.recognizers.base import completed

_GENERATOR = np.random.default_rng(0)


def noisy(logits: Any, sqnr_db: float) -> Any:
    """Return logits with seeded noise."""
    power = np.square(logits, dtype=np.float64).mean() / 10 ** (sqnr_db / 10)
    return (logits + _GENERATOR.normal(0, np.sqrt(power), logits.shape)).astype(np.float32)


class LateRequest:
    """A request whose stream gives noisy logits after some inferences."""

    def __init__(self, request: ov.InferRequest, inferences: Iterator[int], corrupt: Callable[[Any], Any]) -> None:
        self._request, self._inferences, self._corrupt = request, inferences, corrupt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    def get_output_tensor(self, *given: Any) -> SimpleNamespace:
        """Return the network's logits: the right ones at first."""
        data = self._request.get_output_tensor(*given).data
        return SimpleNamespace(data=self._corrupt(data) if next(self._inferences) >= _GOOD else data)


_GOOD = 6


def corrupt_a_stream(_: Scratch) -> None:
    """Make every second request of a compiled model give logits at 15 dB, after six inferences of such requests."""
    create, numbers = ov.CompiledModel.create_infer_request, dict[int, Iterator[int]]()
    inferences, alive = dict[int, Iterator[int]](), list[ov.CompiledModel]()

    def create_late(compiled: ov.CompiledModel) -> Any:
        request = create(compiled)
        if compiled.get_property("NUM_STREAMS") < 2:
            return request
        if id(compiled) not in numbers:
            alive.append(compiled)  # a deleted model's id could be reused
            numbers[id(compiled)], inferences[id(compiled)] = count(), count()
        odd = next(numbers[id(compiled)]) % 2
        corrupt = partial(noisy, sqnr_db=15)
        return LateRequest(request, inferences[id(compiled)], corrupt) if odd else request

    ov.CompiledModel.create_infer_request = create_late


def corrupt_an_inference(_: Scratch) -> None:
    """Give the tenth utterance logits at 12 dB, once."""
    numbers = count(1)

    def corrupted(*given: Any) -> Iterator[tuple[int, Logits]]:
        for position, logits in completed(*given):
            yield position, noisy(logits, 12) if next(numbers) == 10 else logits

    comparison.completed = corrupted


FAULTS = (
    Fault("a stream at 15 dB after six inferences", "stream_differs", corrupt_a_stream),
    Fault("one inference at 12 dB", "stream_differs", corrupt_an_inference),
)
