"""Faults in speed and memory: work that was added to every inference, memory that every inference keeps."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fixtures.benchmarks.builds import Builds
from tests.mutations.fault import Fault, Scratch
from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.session.recognizers import Recognizers
from wergate.store import Artifact

_YESTERDAY = "0" * 64
_LEAK = 4096  # float32: 16 KiB
_UNIT = np.full((64, 64), 1 / 64, np.float32)
_CALLS = 21
_FEW = 100
_TRIALS = 3
_TURNS = ("benchmarks/test_baseline_build.py", "--model=embedded")
_GROWTH = ("benchmarks/test_memory_growth.py", "--model=embedded")
Infer = Callable[[Samples], Logits]


def slow_down(share: float, scratch: Scratch) -> None:
    """Have today's build do some more work in each inference than yesterday's, which is a copy of it."""
    copy = scratch.folder / "yesterday"
    shutil.copytree(scratch.artifact("int8-ir"), copy)

    def before(*_: object) -> Artifact:
        return Artifact("int8-ir", _YESTERDAY, copy, built=False, seconds=0.0, build_seconds=0.0)

    compile_ir = Recognizers.compile_ir

    def compiled(self: Recognizers, path: Path, frontend: Frontend, **options: Any) -> OpenVinoRecognizer:
        recognizer = compile_ir(self, path, frontend, **options)
        if path.parent != copy:
            recognizer.logits = _Slower(recognizer.logits, share)
        return recognizer

    Builds.before, Recognizers.compile_ir = before, compiled


class _Slower:
    """An inference with products of matrices before it, which take the given share of its time by themselves."""

    def __init__(self, infer: Infer, share: float) -> None:
        self._infer = infer
        self._share = share
        self._products = 0

    def __call__(self, waveforms: Samples) -> Logits:
        if not self._products:
            self._products = _FEW
            for _ in range(_TRIALS):  # the first products after an inference take longer than those that follow
                inference_s, work_s = _typical_s(partial(self._infer, waveforms), partial(_work, self._products))
                self._products = round(self._products * self._share * inference_s / work_s)
        _work(self._products)
        return self._infer(waveforms)


def _typical_s(*calls: Callable[[], object]) -> list[float]:
    """Return the median time of each call, all of them in turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(_CALLS):
        for call, taken in zip(calls, times, strict=True):
            started = time.perf_counter()
            call()
            taken.append(time.perf_counter() - started)
    return [statistics.median(taken) for taken in times]


def _work(products: int) -> None:
    found = _UNIT
    for _ in range(products):
        found = found @ _UNIT


def leak(_: Scratch) -> None:
    """Have each inference keep 16 KiB."""
    logits, kept = OpenVinoRecognizer.logits, []

    def leaking(self: OpenVinoRecognizer, waveforms: Samples) -> Logits:
        kept.append(np.ones(_LEAK, np.float32))
        return logits(self, waveforms)

    OpenVinoRecognizer.logits = leaking


FAULTS = (
    Fault("an added 5 % of latency", "speedup_over_baseline", partial(slow_down, 0.05), _TURNS, 3),
    Fault("an added 20 % of latency", "speedup_over_baseline", partial(slow_down, 0.2), _TURNS, 3),
    Fault("a memory leak of 16 KiB per inference", "memory_growth_kib", leak, _GROWTH),
)
