"""Parallel inferences: a compiled model with a stream that gives different logits is never used."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import openvino as ov
import pytest

from tests.support.suite_run import Warm
from tests.support.tiny import Tiny, sound
from wergate.errors import SuiteError
from wergate.networks.frontend import read_frontend
from wergate.recognizers.openvino import OpenVinoRecognizer

Compile = Callable[[], OpenVinoRecognizer]


class WrongRequest:
    """A request whose stream gives wrong logits, the same ones every time."""

    def __init__(self, request: ov.InferRequest) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    def get_output_tensor(self, *given: Any) -> SimpleNamespace:
        """Return the network's logits, scaled by 1.001."""
        return SimpleNamespace(data=self._request.get_output_tensor(*given).data * np.float32(1.001))


@pytest.fixture
def compile_two(tiny: Tiny, warm: Warm, tmp_path: Path) -> Compile:
    """Return a function that compiles the tiny FP16 IR for two streams."""
    artifact = tiny.session(tmp_path, warm.cache).models.ir(str(tiny.model), "fp16")
    frontend = read_frontend(artifact.file("frontend.json"))
    return lambda: OpenVinoRecognizer(
        artifact.file("model.xml"), frontend, device="CPU", inference_precision="f32", streams=2
    )


def corrupt(monkeypatch: pytest.MonkeyPatch, compilations: int) -> None:
    """Make every second request of the first compilations with several streams give wrong logits."""
    create, seen, numbers = ov.CompiledModel.create_infer_request, list[int](), count()

    def create_wrong(compiled: ov.CompiledModel) -> Any:
        request = create(compiled)
        if compiled.get_property("NUM_STREAMS") < 2:
            return request
        if id(compiled) not in seen:
            seen.append(id(compiled))
            alive.append(compiled)  # a deleted model's id could be reused
        return WrongRequest(request) if len(seen) <= compilations and next(numbers) % 2 else request

    alive: list[ov.CompiledModel] = []
    monkeypatch.setattr(ov.CompiledModel, "create_infer_request", create_wrong)


def test_streams_that_disagree_end_the_run(compile_two: Compile, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends with a message after a few compilations, so that no gate uses such logits."""
    corrupt(monkeypatch, compilations=99)
    with pytest.raises(SuiteError, match="different logits on its 2 streams"):
        compile_two()


def test_a_compilation_that_disagrees_is_repeated(compile_two: Compile, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second compilation is correct, and the recognizer gives its logits."""
    utterances = [sound(0.5, seed=n) for n in range(4)]
    expected = compile_two().logits_of(utterances)
    corrupt(monkeypatch, compilations=1)
    assert all(
        np.array_equal(left, right) for left, right in zip(compile_two().logits_of(utterances), expected, strict=True)
    )
