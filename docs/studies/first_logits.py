"""Print how long a run takes until the first logits: `PYTHONPATH=docs/studies pytest accuracy/ -s -p first_logits`.

It counts from the start of the process to the end of the first inference on a compiled model, and stops there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def pytest_collection_finish() -> None:
    """Watch the runtime's own calls: every recognizer's logits come from one of them."""
    import openvino

    for name in ("infer", "wait"):
        setattr(openvino.InferRequest, name, _ending(getattr(openvino.InferRequest, name)))


def _ending(right: Callable[..., Any]) -> Callable[..., None]:
    def call(*values: Any, **named: Any) -> None:
        right(*values, **named)
        print(f"\nfirst logits after {_age_s():.2f} s", flush=True)
        os._exit(0)  # what a run does at its end is not measured

    return call


def _age_s() -> float:
    """Return the seconds since this process started."""
    # not psutil's time of creation: the kernel states the start of the machine in whole seconds, and so can be off
    started_ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_ticks / os.sysconf("SC_CLK_TCK")
