"""Speed of the current build compared with the baseline's build, timed interleaved on the same machine."""

from __future__ import annotations

import pytest

from fixtures.benchmarks.bench import Bench
from fixtures.benchmarks.builds import Builds
from fixtures.benchmarks.interleaved import UNTIMED, RecordRatio, TimeInterleaved
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.session.matrix import candidates
from wergate.timing.baseline_builds import Build
from wergate.timing.calls import Side
from wergate.timing.gates import Outputs, speedup_verdict


def test_todays_build_is_as_fast(
    bench: Bench, builds: Builds, time_interleaved: TimeInterleaved, record_ratio: RecordRatio, timed_variant: str
) -> None:
    """The current IR is as fast as the baseline's. Model, machine, time and runtime are the same for both."""
    if timed_variant in candidates(bench.session.config, bench.model):
        pytest.skip("a candidate is built elsewhere: the baseline has no build of it")
    today = bench.session.models.ir(bench.model, timed_variant)
    builds.today[bench.model, timed_variant] = Build(today.kind, today.key)
    before = builds.before(bench.model, timed_variant, bench.session.store)
    if before is None:
        pytest.skip("the store no longer has the baseline's build: store this one with --update-baselines")
    if before.key == today.key:
        pytest.skip("the current build is the baseline's: a difference would only show noise")
    settings = bench.session.config.benchmarks
    duration_s, minimum = max(settings.paired.durations_s), settings.baseline_speed_min
    frontend, outputs = bench.session.frontend(bench.model), Outputs()

    def compile_pair() -> tuple[Side, Side]:
        recognizers = [bench.session.recognizers.compile_ir(ir.file(MODEL_FILE), frontend) for ir in (today, before)]
        bench.read_precision(timed_variant, recognizers[0])
        first, second = (bench.call(recognizer, duration_s) for recognizer in recognizers)
        return Side(first, outputs.keep), Side(second)

    timed_pair = time_interleaved(compile_pair, minimum)
    bench.check_outputs(outputs, timed_variant, duration_s)
    if timed_pair is None:
        pytest.skip(UNTIMED)
    row = timed_pair.row(model=bench.model, duration_s=duration_s, fast=timed_variant, slow="baseline")
    record_ratio(row, timed_pair.paired)
    scope = f"{bench.model}, {duration_s:g} s"
    bench.check(
        speedup_verdict(
            timed_pair.paired, minimum, fast=timed_variant, slow="baseline", scope=scope, noise=timed_pair.noise
        )
    )
