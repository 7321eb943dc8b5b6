"""Print how long a run takes until the first logits: `PYTHONPATH=docs/studies pytest accuracy/ -s -p first_logits`.

It counts from the start of the process to the end of the first inference on a compiled model, and stops there.
"""

from __future__ import annotations

import os
import time
from typing import Any

import psutil


def pytest_collection_finish() -> None:
    """Watch the runtime's own call: every recognizer's logits come from it."""
    import openvino

    right = openvino.InferRequest.infer

    def infer(self: Any, *values: Any, **named: Any) -> None:
        right(self, *values, **named)
        print(
            f"\nfirst logits after {time.time() - psutil.Process().create_time():.2f} s",
            flush=True,
        )
        os._exit(0)  # what a run does at its end is not measured

    openvino.InferRequest.infer = infer
