"""What it costs to get from a checkpoint to recognizers: seconds to convert, quantize and compile, and peak memory."""

from __future__ import annotations

from pathlib import Path

from fixtures.benchmarks import Bench, Timed
from fixtures.options import EMBEDDED
from wergate.build_cost import BuildRequest, FoundOnly, build_apart, is_built
from wergate.pipeline import Pipeline

SPEECH_S = 1.0


def test_build(bench: Bench, tmp_path: Path) -> None:
    """Both IRs from the checkpoint, in a process of its own that a person waits for: its start is timed too.

    A first run builds into the session's own store, and so builds once; every later one builds into a fresh store.
    """
    request = BuildRequest(
        config=bench.pipeline.config, embedded=EMBEDDED, cache_dir=bench.pipeline.store.root, model=bench.model
    )
    if is_built(request):
        request = request.model_copy(update={"cache_dir": tmp_path})
    bench.label("build", "FP16 and INT8 IR")
    cost = bench.benchmark.pedantic(build_apart, args=(request,), rounds=1)
    bench.benchmark.extra_info |= cost.figures
    built = Pipeline(request.config, embedded=EMBEDDED, store=FoundOnly(request.cache_dir))
    for precision in request.config.precisions:
        bench.check(built.compiled(bench.model, precision).logits(bench.waveforms(SPEECH_S)), precision, SPEECH_S)


def test_compile(bench: Bench, timed: Timed, timed_variant: str) -> None:
    """From an IR on disk to a recognizer that has run its first inferences."""
    bench.label("build", f"compile {timed_variant}")
    recognizer = timed(lambda: bench.pipeline.compiled(bench.model, timed_variant))
    bench.check(recognizer.logits(bench.waveforms(SPEECH_S)), timed_variant, SPEECH_S)
