"""What the tutorial printed, step by step, of a model that POT has quantized."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wergate.corpus import CorpusSpec
from wergate.errors import SuiteError
from wergate.evaluation import Evaluation
from wergate.pipeline import Pipeline
from wergate.pot import PotReport, read_pot_report

_SHAPE = "[1,30480]"  # the tutorial's: 1.9 s
_FPS = re.compile(r"Throughput:\s+([\d.]+) FPS")


@dataclass(frozen=True)
class Steps:
    """The tutorial's steps, of one model and corpus.

    Attributes:
        paths: of the IRs, by variant.
        fps: what `benchmark_app` says of each.
    """

    paths: Mapping[str, Path]
    report: PotReport
    evaluations: Mapping[str, Evaluation]
    fps: Mapping[str, float]


def pot_steps(pipeline: Pipeline, model: str, spec: CorpusSpec, *, seconds: int) -> Steps:
    """Go through the tutorial's steps, most of which have been done by now.

    Args:
        seconds: how long `benchmark_app` runs each IR.
    """
    variants: list[str] = [variant for variant in ("fp16", "int8") if variant in pipeline.config.precisions]
    paths = {variant: pipeline.ir_path(model, variant) for variant in variants}
    return Steps(
        paths,
        read_pot_report(pipeline.ir(model, "int8")),
        {variant: pipeline.evaluation(model, spec, variant) for variant in variants},
        {variant: benchmark_app(path, seconds) for variant, path in paths.items()},
    )


def benchmark_app(path: Path, seconds: int) -> float:
    """Return the inferences per second that OpenVINO's own `benchmark_app` tells, as the tutorial called it.

    Raises:
        SuiteError: it failed.
    """
    call = [sys.executable, "-c", "from openvino.tools.benchmark.main import main; main()"]
    options = ["-m", str(path), "-shape", _SHAPE, "-d", "CPU", "-api", "async", "-t", str(seconds)]
    run = subprocess.run([*call, *options], capture_output=True, text=True, check=False)  # noqa: S603 - OpenVINO's own
    found = _FPS.search(run.stdout)
    if run.returncode or found is None:
        last = (run.stdout + run.stderr).strip().splitlines()[-1:] or ["it said nothing"]
        raise SuiteError(
            f"benchmark_app cannot run '{path}': {last[0]}; a network that takes inputs of shape {_SHAPE} is needed; "
            "leave this test out with --deselect"
        )
    return float(found[1])
