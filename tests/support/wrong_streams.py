"""Compiled models whose second stream gives wrong logits, the same ones every time.

As a plugin (`-p tests.support.wrong_streams`), the module corrupts the first compilations of a run;
the environment variable `WRONG_STREAMS` is their number.
"""

from __future__ import annotations

import os
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import openvino as ov
import pytest

VARIABLE = "WRONG_STREAMS"


class WrongRequest:
    """A request whose stream gives wrong logits."""

    def __init__(self, request: ov.InferRequest) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    def get_output_tensor(self, *given: Any) -> SimpleNamespace:
        """Return the network's logits, scaled by 1.001."""
        return SimpleNamespace(data=self._request.get_output_tensor(*given).data * np.float32(1.001))


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


def pytest_configure(config: pytest.Config) -> None:
    """Corrupt the first compilations of this run."""
    monkeypatch = pytest.MonkeyPatch()
    corrupt(monkeypatch, int(os.environ[VARIABLE]))
    config.add_cleanup(monkeypatch.undo)
