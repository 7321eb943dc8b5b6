"""Did this change make it slower? Today's build in turns with the one that the baseline was measured with."""

from __future__ import annotations

import pytest

from fixtures.benchmarks.bench import Bench
from fixtures.benchmarks.builds import Builds
from fixtures.benchmarks.interleaved import UNTIMED, RecordRatio, TimeInterleaved
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.session.matrix import candidates
from wergate.timing.baseline_builds import Build
from wergate.timing.gates import Outputs, speedup_verdict
from wergate.timing.paired import Side


def test_todays_build_is_as_fast(
    bench: Bench, builds: Builds, time_interleaved: TimeInterleaved, record_ratio: RecordRatio, timed_variant: str
) -> None:
    """Two IRs of the same model on the same machine, minute and runtime: what differs is what was built."""
    if timed_variant in candidates(bench.session.config, bench.model):
        pytest.skip("a candidate is built elsewhere: no baseline names its build")
    today = bench.session.models.ir(bench.model, timed_variant)
    builds.today[bench.model, timed_variant] = Build(today.kind, today.key)
    before = builds.before(bench.model, timed_variant, bench.session.store)
    if before is None:
        pytest.skip("the baseline names no build that the store still has: --update-baselines names this one")
    if before.key == today.key:
        pytest.skip("today's build is the baseline's: a difference would be the machine's")
    settings = bench.session.config.benchmarks
    duration_s, minimum = max(settings.paired.durations_s), settings.baseline_speed_min
    frontend, outputs = bench.session.frontend(bench.model), Outputs()
    recognizers = [bench.session.recognizers.compile_ir(ir.file(MODEL_FILE), frontend) for ir in (today, before)]
    first, second = (bench.call(recognizer, duration_s) for recognizer in recognizers)
    timed_pair = time_interleaved(Side(first, outputs.keep), Side(second), minimum)
    bench.check_outputs(outputs, timed_variant, duration_s)
    if timed_pair is None:
        pytest.skip(UNTIMED)
    record_ratio(timed_pair.row(model=bench.model, duration_s=duration_s, fast=timed_variant, slow="baseline"))
    scope = f"{bench.model}, {duration_s:g} s"
    bench.check(speedup_verdict(timed_pair.paired, minimum, fast=timed_variant, slow="baseline", scope=scope))
