"""How many times as fast INT8, FP16 or a candidate is as what it takes turns with: a ratio outlives a slow machine."""

from __future__ import annotations

import pytest

from fixtures.benchmarks.bench import Bench
from fixtures.benchmarks.interleaved import UNTIMED, RecordRatio, TimeInterleaved
from wergate.environment import cpu
from wergate.timing.gates import Outputs, speedup_verdict
from wergate.timing.paired import Side


def test_speedup(
    bench: Bench, time_interleaved: TimeInterleaved, record_ratio: RecordRatio, timed_pair: str, pair_duration_s: float
) -> None:
    """Two recognizers in turns, on the same speech; the ratio holds its threshold, and both sides did the same work."""
    names = fast, slow = timed_pair.split(" beside ")
    outputs = Outputs(), Outputs()
    recognizers = [bench.recognizer(name, pair_duration_s) for name in names]
    first, second = (
        Side(bench.call(recognizer, pair_duration_s), kept.keep)
        for recognizer, kept in zip(recognizers, outputs, strict=True)
    )
    precision = bench.precision_of(fast)
    minimum = bench.session.config.benchmarks.speedup_min(
        bench.model, fast=precision, slow=slow, dot_products=cpu().has_dot_products
    )
    found = time_interleaved(first, second, minimum)
    for name, kept in zip(names, outputs, strict=True):
        bench.check_outputs(kept, name, pair_duration_s, fixed_length=True)
    if found is None:
        pytest.skip(UNTIMED)
    slow = bench.called(slow)
    record_ratio(found.row(model=bench.model, duration_s=pair_duration_s, fast=fast, slow=slow))
    if minimum is not None:
        scope = f"{bench.model}, {pair_duration_s:g} s"
        bench.check(speedup_verdict(found.paired, minimum, fast=fast, slow=slow, scope=scope))
