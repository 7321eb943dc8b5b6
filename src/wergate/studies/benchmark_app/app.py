"""OpenVINO's own `benchmark_app`, called as the tutorial called it: the reference for the suite's measurements."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wergate.errors import SuiteError

TUTORIAL_SAMPLES = 30480  # 1.9 s
_FPS = re.compile(r"Throughput:\s+([\d.]+) FPS")
_MEDIAN = re.compile(r"Median:\s+([\d.]+) (us|ms)")
_IN_MS = {"us": 1e-3, "ms": 1.0}
_CALL = (sys.executable, "-c", "from openvino.tools.benchmark.main import main; main()")


@dataclass(frozen=True)
class AppFigures:
    """The measurements that `benchmark_app` reports.

    Attributes:
        fps: inferences per second.
        median_ms: median latency of one inference.
    """

    fps: float
    median_ms: float


def benchmark_app(
    path: Path, *, samples: int, seconds: int, inference_precision: str, options: Mapping[str, str]
) -> AppFigures:
    """Run an IR repeatedly on one utterance with `benchmark_app`, in a separate process.

    Args:
        path: the IR's `.xml`, next to its `.bin`.
        samples: length of the utterance.
        seconds: duration of the measurement.
        inference_precision: "f32" or "bf16".
        options: further options by name, such as {"api": "async"}.

    Raises:
        SuiteError: `benchmark_app` failed or reported no measurements.
    """
    basic = {"m": str(path), "shape": f"[1,{samples}]", "d": "CPU", "t": str(seconds)}
    arguments = basic | {"infer_precision": inference_precision} | dict(options)
    call = [*_CALL, *(word for name, value in arguments.items() for word in (f"-{name}", value))]
    run = subprocess.run(call, capture_output=True, text=True, check=False)  # noqa: S603 - OpenVINO's own tool
    fps, median = _FPS.search(run.stdout), _MEDIAN.search(run.stdout)
    if run.returncode or fps is None or median is None:
        last = (run.stdout + run.stderr).strip().splitlines()[-1:] or ["no output"]
        raise SuiteError(
            f"benchmark_app cannot run '{path}': {last[0]}; it needs a model that accepts inputs of shape "
            f"[1,{samples}]; skip this test with --deselect"
        )
    return AppFigures(float(fps[1]), float(median[1]) * _IN_MS[median[2]])
