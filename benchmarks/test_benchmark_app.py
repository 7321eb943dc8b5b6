"""The suite's measurements compared with `benchmark_app`'s, interleaved in one run, at the tutorial's shape [1, 30480].

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
    """Throughput and latency of one turn, measured by the suite and by `benchmark_app`."""

    fps: float
    app_fps: float
    median_ms: float
    app_median_ms: float


@pytest.mark.study("benchmark-app")
def test_measurements_agree_with_benchmark_app(bench: Bench) -> None:
    """Report throughput with one stream per core and latency one by one; each inference of the suite is checked."""
    turns: dict[str, list[Figures]] = defaultdict(list)
    sides = [_Side(bench, variant) for variant in variants(bench.session.config, bench.model)]
    for _ in range(TURNS):
        for side in sides:
            turns[side.variant].append(side.turn())
    for side in sides:
        side.check()
    print(f"\n{bench.model} at [1, {TUTORIAL_SAMPLES}], medians of {TURNS} turns of {TURN_S} s")
    for variant, figures in turns.items():
        print(f"{variant}: {'; '.join(_comparisons(figures))}")
    fps = {variant: statistics.median(turn.fps for turn in figures) for variant, figures in turns.items()}
    if {"fp16", "int8"} <= fps.keys():
        print(f"int8 over fp16: {fps['int8'] / fps['fp16']:.2f} times the throughput")


class _Side:
    def __init__(self, bench: Bench, name: str) -> None:
        recognizers, variant = bench.session.recognizers, bench.variant(name)
        self.variant = name
        self._bench = bench
        self._duration_s = TUTORIAL_SAMPLES / variant.frontend.sampling_rate
        self._waveforms = bench.waveforms(self._duration_s)
        self._outputs = Outputs()
        self._single = recognizers.fixed_length(variant, TUTORIAL_SAMPLES)
        self._streamed = recognizers.compile(variant, streams=recognizers.corpus_streams, samples=TUTORIAL_SAMPLES)
        for recognizer in (self._single, self._streamed):
            bench.read_precision(name, recognizer)

    def turn(self) -> Figures:
        streamed, single = self._app(api="async"), self._app(api="sync", hint="latency")
        return Figures(self._fps(round(streamed.fps * TURN_S)), streamed.fps, self._median_ms(), single.median_ms)

    def _app(self, **options: str) -> AppFigures:
        session = self._bench.session
        path, precision = self._bench.variant(self.variant).path, session.config.inference_precision
        return benchmark_app(
            path, samples=TUTORIAL_SAMPLES, seconds=TURN_S, inference_precision=precision, options=options
        )

    def _fps(self, inferences: int) -> float:
        results: list[tuple[int, Logits]] = []
        elapsed_s = seconds(lambda: results.extend(self._streamed.completed([self._waveforms[0]] * inferences)))
        for _, logits in results:
            self._outputs.keep(logits[None])
        return inferences / elapsed_s

    def _median_ms(self) -> float:
        return 1000 * statistics.median(_times_s(lambda: self._outputs.keep(self._single.logits(self._waveforms))))

    def check(self) -> None:
        self._bench.check_outputs(self._outputs, self.variant, self._duration_s, fixed_length=True)


def _times_s(call: Callable[[], object]) -> Iterator[float]:
    end = time.perf_counter() + TURN_S
    while time.perf_counter() < end:
        yield seconds(call)


def _comparisons(figures: list[Figures]) -> Iterator[str]:
    for unit, own_field, app_field in (("FPS", "fps", "app_fps"), ("ms", "median_ms", "app_median_ms")):
        pairs = [(getattr(turn, own_field), getattr(turn, app_field)) for turn in figures]
        own, app = np.median(pairs, axis=0)
        ratio = statistics.median(suite / tool for suite, tool in pairs)
        yield f"{own:.1f} {unit}, benchmark_app {app:.1f} ({100 * (ratio - 1):+.1f} %)"
