"""Print how long a run takes until the first logits: `PYTHONPATH=docs/studies pytest accuracy/ -s -p first_logits`.

It counts from the start of the process to the end of the first inference on a compiled model, and stops there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import psutil


def pytest_collection_finish() -> None:
    """Watch the runtime's own calls: every recognizer's logits come from one of them."""
    import openvino

    for name in ("infer", "wait"):
        setattr(openvino.InferRequest, name, _ending(getattr(openvino.InferRequest, name)))


def _ending(right: Callable[..., Any]) -> Callable[..., None]:
    def call(*values: Any, **named: Any) -> None:
        right(*values, **named)
        print(f"\nfirst logits after {time.time() - psutil.Process().create_time():.2f} s", flush=True)
        os._exit(0)  # what a run does at its end is not measured

    return call
