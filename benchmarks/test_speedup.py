"""How many times faster INT8, or a candidate, is than what it takes turns with: a ratio outlives a slow machine."""

from __future__ import annotations

import statistics

import pytest

from fixtures.benchmarks import Bench, RecordRatio, Timed, seconds
from wergate.cells import variants
from wergate.pipeline import REFERENCE
from wergate.results import RatioRow
from wergate.speed import speedup_verdict


@pytest.mark.parametrize("slow", ["fp16", REFERENCE])
def test_int8_is_faster(
    bench: Bench, timed: Timed, fast: str, slow: str, duration_s: float, record_ratio: RecordRatio
) -> None:
    """Each round of the one follows one of the other; the ratio is that of the medians, and holds its threshold."""
    missing = {fast, slow} - {REFERENCE, *variants(bench.pipeline.config, bench.model)}
    if missing:
        pytest.skip(f"--precisions leaves out {', '.join(sorted(missing))}")
    bench.label("speed-up", f"{fast} beside {bench.called(slow)} {duration_s:g} s", audio_s=duration_s)
    fast_recognizer, slow_recognizer = (bench.pipeline.recognizer(bench.model, name) for name in (fast, slow))
    waveforms = bench.waveforms(duration_s)
    slow_s: list[float] = []
    logits = timed(
        lambda: fast_recognizer.logits(waveforms),
        before=lambda: slow_s.append(seconds(lambda: slow_recognizer.logits(waveforms))),
    )
    bench.check(logits, fast, duration_s)
    bench.check(slow_recognizer.logits(waveforms), slow, duration_s)
    if bench.benchmark.stats is None:
        pytest.skip("nothing was timed: --benchmark-disable, or xdist's -n, is on")
    ratio = statistics.median(slow_s[-bench.benchmark.stats["rounds"] :]) / bench.benchmark.stats["median"]
    bench.benchmark.extra_info["ratio"] = ratio
    record_ratio(RatioRow(model=bench.model, duration_s=duration_s, fast=fast, slow=bench.called(slow), ratio=ratio))
    minimum = bench.pipeline.config.benchmarks.speedup_min(slow).get(bench.model)
    if bench.pipeline.held_as(bench.model, fast) != "int8":
        minimum = None  # an IR in floating point promises no speed
    if minimum is not None:
        bench.gate(
            speedup_verdict(
                ratio, minimum, fast=fast, slow=bench.called(slow), scope=f"{bench.model}, {duration_s:g} s"
            )
        )
