"""Faults in speed and memory: longer inferences, and memory that each inference keeps."""

from __future__ import annotations

import multiprocessing
import os
import shutil
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

_LOADED = "waited for others"
_YESTERDAY = "0" * 64
_LEAK = 4096  # float32: 16 KiB
_TURNS = ("benchmarks/test_baseline_build.py", "--model=embedded")
_GROWTH = ("benchmarks/test_memory_growth.py", "--model=embedded")
Infer = Callable[[Samples], Logits]


Wrap = Callable[[Infer, bool], Infer]


def slow_down(share: float, scratch: Scratch) -> None:
    """Slow down each inference of the current build by a share; the build of the baseline is an unchanged copy."""
    _wrap_builds(scratch, lambda infer, today: _Slower(infer, share) if today else infer)


def load_one_side(scratch: Scratch, *, today: bool, share: float = 0.0) -> None:
    """Keep a core busy during the inferences of one build alone.

    Args:
        today: True for the current build, False for the baseline's.
        share: by how much the current build is slower without that load.
    """
    spinner = _Spinner()

    def wrap(infer: Infer, of_today: bool) -> Infer:
        slower = _Slower(infer, share) if of_today else infer
        return spinner.during(slower) if of_today == today else slower

    _wrap_builds(scratch, wrap)


def _wrap_builds(scratch: Scratch, wrap: Wrap) -> None:
    """Replace the inference of both builds; `wrap` receives it, and whether the build is the current one."""
    copy = scratch.folder / "yesterday"
    shutil.copytree(scratch.artifact("int8-ir"), copy)

    def before(*_: object) -> Artifact:
        return Artifact("int8-ir", _YESTERDAY, copy, built=False, seconds=0.0, build_seconds=0.0)

    compile_ir = Recognizers.compile_ir

    def compiled(self: Recognizers, path: Path, frontend: Frontend, **options: Any) -> OpenVinoRecognizer:
        recognizer = compile_ir(self, path, frontend, **options)
        recognizer.logits = wrap(recognizer.logits, path.parent != copy)
        return recognizer

    Builds.before, Recognizers.compile_ir = before, compiled


class _Slower:
    """An inference, then a busy loop for the given share of the time that this very inference took.

    A fixed amount of work would be another share as soon as other programs slow the inference down.
    """

    def __init__(self, infer: Infer, share: float) -> None:
        self._infer = infer
        self._share = share

    def __call__(self, waveforms: Samples) -> Logits:
        started = time.perf_counter()
        logits = self._infer(waveforms)
        ended = time.perf_counter()
        while time.perf_counter() - ended < self._share * (ended - started):
            pass
        return logits


class _Spinner:
    """A process that keeps one core busy during some calls, and waits otherwise."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("fork")
        self._on, self._wake = context.RawValue("b", 0), context.Semaphore(0)
        context.Process(target=self._spin, args=(os.getpid(),), daemon=True).start()

    def _spin(self, parent: int) -> None:
        while os.getppid() == parent:
            if not self._on.value:
                self._wake.acquire(timeout=1.0)

    def during(self, infer: Infer) -> Infer:
        """Return the inference with the core busy."""

        def accompanied(waveforms: Samples) -> Logits:
            self._on.value = 1
            self._wake.release()
            try:
                return infer(waveforms)
            finally:
                self._on.value = 0

        return accompanied


def leak(_: Scratch) -> None:
    """Make each inference keep 16 KiB."""
    logits, kept = OpenVinoRecognizer.logits, []

    def leaking(self: OpenVinoRecognizer, waveforms: Samples) -> Logits:
        kept.append(np.ones(_LEAK, np.float32))
        return logits(self, waveforms)

    OpenVinoRecognizer.logits = leaking


FAULTS = (
    Fault("an added 5 % of latency", "speedup_over_baseline", partial(slow_down, 0.05), _TURNS, 3),
    Fault("an added 20 % of latency", "speedup_over_baseline", partial(slow_down, 0.2), _TURNS, 3),
    Fault(
        "a busy core during today's calls alone",
        "speedup_over_baseline",
        partial(load_one_side, today=True),
        _TURNS,
        undecided=_LOADED,
    ),
    Fault(
        "a busy core during the baseline's calls alone, which hides an added 20 % of latency",
        "speedup_over_baseline",
        partial(load_one_side, today=False, share=0.2),
        _TURNS,
        undecided=_LOADED,
    ),
    Fault("a memory leak of 16 KiB per inference", "memory_growth_kib", leak, _GROWTH),
)
