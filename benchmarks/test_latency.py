"""Latency of single utterances by duration, for each recognizer; all timed logits are checked."""

from __future__ import annotations

from pytest_benchmark.fixture import BenchmarkFixture

from fixtures.benchmarks.bench import Bench, Timed, label
from wergate.timing.gates import Outputs


def test_latency(
    bench: Bench, benchmark: BenchmarkFixture, timed: Timed, timed_recognizer: str, duration_s: float
) -> None:
    """Time features and network, from samples to logits. The logits of every round are checked afterwards."""
    name = f"{bench.called(timed_recognizer)} {duration_s:g} s"
    label(benchmark, group="latency", model=bench.model, name=name, audio_s=duration_s)
    recognizer, outputs = bench.recognizer(timed_recognizer, duration_s), Outputs()
    timed(bench.call(recognizer, duration_s), after=outputs.keep)
    bench.check_outputs(outputs, timed_recognizer, duration_s, fixed_length=True)
