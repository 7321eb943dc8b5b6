"""How many times as fast INT8, FP16 or a candidate is as what it takes turns with: a ratio outlives a slow machine."""

from __future__ import annotations

import pytest

from fixtures.benchmarks.bench import Bench
from fixtures.benchmarks.interleaved import UNTIMED, RecordRatio, TakeTurns
from wergate.environment import cpu
from wergate.timing.gates import Outputs, speedup_verdict
from wergate.timing.paired import Side


def test_speedup(bench: Bench, take_turns: TakeTurns, record_ratio: RecordRatio, turns: str, turns_s: float) -> None:
    """Two recognizers in turns, on the same speech; the ratio holds its threshold, and both sides did the same work."""
    names = fast, slow = turns.split(" beside ")
    outputs = Outputs(), Outputs()
    recognizers = [bench.recognizer(name, turns_s) for name in names]
    first, second = (
        Side(bench.call(recognizer, turns_s), kept.keep) for recognizer, kept in zip(recognizers, outputs, strict=True)
    )
    precision = bench.precision_of(fast)
    minimum = bench.session.config.benchmarks.speedup_min(
        bench.model, fast=precision, slow=slow, dot_products=cpu().has_dot_products
    )
    found = take_turns(first, second, minimum)
    for name, kept in zip(names, outputs, strict=True):
        bench.check_outputs(kept, name, turns_s, fixed_length=True)
    if found is None:
        pytest.skip(UNTIMED)
    slow = bench.called(slow)
    record_ratio(found.row(model=bench.model, duration_s=turns_s, fast=fast, slow=slow))
    if minimum is not None:
        scope = f"{bench.model}, {turns_s:g} s"
        bench.check(speedup_verdict(found.paired, minimum, fast=fast, slow=slow, scope=scope))
