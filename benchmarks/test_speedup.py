"""Speed-up of INT8, FP16 or a candidate over another recognizer, timed interleaved.

A ratio of interleaved timings depends less on the state of the machine than a latency.
"""

from __future__ import annotations

import pytest

from fixtures.benchmarks.bench import Bench
from fixtures.benchmarks.interleaved import UNTIMED, RecordRatio, TimeInterleaved
from wergate.environment.machine import cpu
from wergate.timing.calls import Side
from wergate.timing.gates import Outputs, speedup_verdict


def test_speedup(
    bench: Bench, time_interleaved: TimeInterleaved, record_ratio: RecordRatio, timed_pair: str, pair_duration_s: float
) -> None:
    """The speed-up on the same speech meets its threshold, and both recognizers give the right logits."""
    names = fast, slow = timed_pair.split(" over ")
    outputs = Outputs(), Outputs()

    def compile_pair() -> tuple[Side, Side]:
        first, second = (
            Side(bench.call(bench.compiled_for(name, pair_duration_s), pair_duration_s), own.keep)
            for name, own in zip(names, outputs, strict=True)
        )
        return first, second

    precision = bench.precision_of(fast)
    minimum = bench.session.config.benchmarks.speedup_min(
        bench.model, fast=precision, slow=slow, dot_products=cpu().has_dot_products
    )
    timing = time_interleaved(compile_pair, minimum)
    for name, own in zip(names, outputs, strict=True):
        bench.check_outputs(own, name, pair_duration_s, fixed_length=True)
    if timing is None:
        pytest.skip(UNTIMED)
    slow = bench.called(slow)
    row = timing.row(model=bench.model, duration_s=pair_duration_s, fast=fast, slow=slow)
    record_ratio(row, timing.paired)
    if minimum is not None:
        scope = f"{bench.model}, {pair_duration_s:g} s"
        bench.check(speedup_verdict(timing.paired, minimum, fast=fast, slow=slow, scope=scope, noise=timing.noise))
