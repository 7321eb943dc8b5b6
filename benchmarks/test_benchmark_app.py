"""Our figures beside `benchmark_app`'s, in turns in one run, at the tutorial's shape [1, 30480].

`pytest benchmarks/ --study benchmark-app -s [--model random:data2vec-audio-base]`
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pytest

from fixtures.benchmarks.bench import Bench
from wergate.networks.ctc import Logits
from wergate.session.matrix import variants
from wergate.studies.benchmark_app.app import TUTORIAL_SAMPLES, AppFigures, benchmark_app
from wergate.timing.gates import Outputs
from wergate.timing.paired import seconds

TURNS, TURN_S = 5, 5


class Figures(NamedTuple):
    """Two ways of asking for inferences, of ours and of `benchmark_app`."""

    fps: float
    app_fps: float
    median_ms: float
    app_median_ms: float


@pytest.mark.study("benchmark-app")
def test_our_figures_are_those_of_benchmark_app(bench: Bench) -> None:
    """Throughput with a stream per core, latency one by one; every one of our inferences is checked."""
    turns: dict[str, list[Figures]] = defaultdict(list)
    sides = [_Side(bench, variant) for variant in variants(bench.session.config, bench.model)]
    for _ in range(TURNS):
        for side in sides:
            turns[side.variant].append(side.turn())
    for side in sides:
        side.check()
    print(f"\n{bench.model} at [1, {TUTORIAL_SAMPLES}], medians of {TURNS} turns of {TURN_S} s")
    for variant, found in turns.items():
        print(f"{variant}: {'; '.join(_told(found))}")
    fps = {variant: statistics.median(turn.fps for turn in found) for variant, found in turns.items()}
    if {"fp16", "int8"} <= fps.keys():
        print(f"int8 beside fp16: {fps['int8'] / fps['fp16']:.2f} times the throughput")


class _Side:
    def __init__(self, bench: Bench, variant: str) -> None:
        session, found = bench.session, bench.variant(variant)
        self.variant = variant
        self._bench = bench
        self._duration_s = TUTORIAL_SAMPLES / found.frontend.sampling_rate
        self._waveforms = bench.waveforms(self._duration_s)
        self._outputs = Outputs()
        self._single = session.recognizers.fixed_length(found, TUTORIAL_SAMPLES)
        self._many = session.recognizers.compile(
            found, streams=session.recognizers.corpus_streams, samples=TUTORIAL_SAMPLES
        )

    def turn(self) -> Figures:
        many, single = self._app(api="async"), self._app(api="sync", hint="latency")
        return Figures(self._fps(round(many.fps * TURN_S)), many.fps, self._median_ms(), single.median_ms)

    def _app(self, **options: str) -> AppFigures:
        session = self._bench.session
        path, precision = self._bench.variant(self.variant).path, session.config.inference_precision
        return benchmark_app(
            path, samples=TUTORIAL_SAMPLES, seconds=TURN_S, inference_precision=precision, options=options
        )

    def _fps(self, inferences: int) -> float:
        found: list[tuple[int, Logits]] = []
        took_s = seconds(lambda: found.extend(self._many.completed([self._waveforms[0]] * inferences)))
        for _, logits in found:
            self._outputs.keep(logits[None])
        return inferences / took_s

    def _median_ms(self) -> float:
        return 1000 * statistics.median(_times_s(lambda: self._outputs.keep(self._single.logits(self._waveforms))))

    def check(self) -> None:
        self._bench.check_outputs(self._outputs, self.variant, self._duration_s, fixed_length=True)


def _times_s(call: Callable[[], object]) -> Iterator[float]:
    end = time.perf_counter() + TURN_S
    while time.perf_counter() < end:
        yield seconds(call)


def _told(found: list[Figures]) -> Iterator[str]:
    for unit, ours, theirs in (("FPS", "fps", "app_fps"), ("ms", "median_ms", "app_median_ms")):
        pairs = [(getattr(turn, ours), getattr(turn, theirs)) for turn in found]
        own, app = np.median(pairs, axis=0)
        beside = statistics.median(one / other for one, other in pairs)
        yield f"{own:.1f} {unit}, benchmark_app {app:.1f} ({100 * (beside - 1):+.1f} %)"
