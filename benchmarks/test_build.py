"""Cost of building recognizers from a checkpoint: seconds to convert, quantize and compile, and peak memory."""

from __future__ import annotations

from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from fixtures.benchmarks.bench import Bench, Timed, label
from fixtures.options import EMBEDDED
from wergate.recognizers.base import Recognizer
from wergate.session.session import Session
from wergate.studies.build_cost import BuildRequest, FoundOnly, build_in_subprocess, is_built
from wergate.timing.gates import Outputs

SPEECH_S = 1.0


def test_build(bench: Bench, benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Build both IRs from the checkpoint in a separate process; the time includes the start of the process.

    The first run builds into the session's own store, so that nothing is built twice. Every later run builds into a
    new store.
    """
    request = BuildRequest(
        config=bench.session.config, embedded=EMBEDDED, cache_dir=bench.session.store.root, model=bench.model
    )
    if is_built(request):
        request = request.model_copy(update={"cache_dir": tmp_path})
    label(benchmark, group="build", model=bench.model, name="FP16 and INT8 IR")
    cost = benchmark.pedantic(build_in_subprocess, args=(request,), rounds=1)
    benchmark.extra_info |= cost.figures
    built = Session(request.config, embedded=EMBEDDED, store=FoundOnly(request.cache_dir))
    for precision in request.config.precisions:
        check(bench, built.recognizers.compile(built.variant(bench.model, precision)), precision)


def test_compile(bench: Bench, benchmark: BenchmarkFixture, timed: Timed, timed_variant: str) -> None:
    """Time the compilation, from an IR on disk to a recognizer that is ready to run."""
    label(benchmark, group="build", model=bench.model, name=f"compile {timed_variant}")
    check(bench, timed(lambda: bench.compile(timed_variant)), timed_variant)


def check(bench: Bench, recognizer: Recognizer, name: str) -> None:
    """Check a recognizer's logits and transcript against the reference."""
    outputs = Outputs()
    outputs.keep(bench.call(bench.read_precision(name, recognizer), SPEECH_S)())
    bench.check_outputs(outputs, name, SPEECH_S)
