"""Growth: memory with lengths, latency with duration, throughput with the corpus, compilation with buckets.

`pytest benchmarks/ --study growth` takes minutes, so a plain run leaves it out. Curves are written to `results/`.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

import openvino as ov
import pytest

from fixtures.benchmarks.bench import Bench
from fixtures.gates.check import Check
from fixtures.studies.growth import Plotted
from wergate.corpora.sampling import librispeech_like
from wergate.corpora.waveforms import pieces
from wergate.networks.ir.file import fix_length
from wergate.recognizers.base import Recognizer
from wergate.studies.growth.latency import fit_latency
from wergate.studies.growth.memory import length_rule, passes_over_lengths, readings_of, settled
from wergate.studies.growth.plot import Axes, Curve
from wergate.timing.gates import Outputs
from wergate.timing.memory import KIB, Growth, given_back_bytes, growth_verdict, resident_bytes
from wergate.timing.paired import seconds

DURATIONS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)
ROUNDS = 3
SIZES = (10, 20, 40, 80, 140, 200)
SHORTEST_S = 0.5
BUCKETS = 16
BUCKET_S = 1.0
MIB = 2**20

pytestmark = pytest.mark.study("growth")


@pytest.fixture(autouse=True)
def _full_size_on_request(bench: Bench, pytestconfig: pytest.Config) -> None:
    """Skip the models that take hours, unless `--model` selects one."""
    if bench.model in bench.session.config.benchmarks.memory.skip_models and not pytestconfig.option.model:
        pytest.skip("[benchmarks.memory] skips this model: select it with --model")


@pytest.mark.parametrize("shapes", ["dynamic", "buckets"])
def test_memory_over_lengths(bench: Bench, timed_variant: str, shapes: str, check: Check, plotted: Plotted) -> None:
    """Previously unseen lengths leave no memory behind once the runtime's cache is full.

    This test is the first in the file, because memory that the reference model allocates and frees would distort the
    readings.
    """
    rule = bench.session.config.benchmarks.growth
    variant, recognizers = bench.variant(timed_variant), bench.session.recognizers
    recognizer: Recognizer = recognizers.dynamic(variant)
    if shapes == "buckets":
        if not recognizers.runs_in_buckets(variant):
            pytest.skip("its corpora are not padded: docs/studies/padding.md")
        recognizer = recognizers.bucketed(variant, bench.session.corpora.corpus(bench.model, bench.speech))
    limit = length_rule(rule.max_kib_per_length, rule.confidence)
    at_first, per_pass = resident_bytes(), rule.lengths // 2
    passes, growth = settled(_resident(bench, recognizer, per_pass, rule.calls), per_pass, limit)
    title = f"memory of {bench.model} {timed_variant} over distinct lengths, {shapes}"
    counts = list(range(rule.calls, per_pass + 1, rule.calls))
    curves = [Curve(f"pass {number}", counts, _mib(readings)) for number, readings in enumerate(passes, start=1)]
    line = _memory_line(title, at_first, passes, growth)
    plotted(curves, Axes(title, "lengths of the pass so far", "resident MiB"), [line])
    before = per_pass * (len(passes) - 2)
    scope = f"{bench.model}, {rule.lengths} distinct lengths in two passes, {shapes}, after {before} others"
    check(growth_verdict(growth, limit, subject=timed_variant.upper(), scope=scope))
    _check_one(bench, recognizer, timed_variant)


def _resident(bench: Bench, recognizer: Recognizer, lengths: int, calls: int) -> Iterator[list[int]]:
    """Yield resident bytes after every `calls` lengths, pass by pass."""
    frontend = bench.session.frontend(bench.model)
    shortest = frontend.whole_frames(round(SHORTEST_S * frontend.sampling_rate))
    passes = passes_over_lengths(shortest, frontend.hop, lengths)
    longest = max(length for lengths_of_pass in passes for length in lengths_of_pass)
    speech = bench.waveforms(longest / frontend.sampling_rate + 1.0)[0]

    def infer(length: int) -> None:
        recognizer.logits_of([speech[:length]])

    return (list(readings_of(lengths_of_pass, calls, infer, given_back_bytes)) for lengths_of_pass in passes)


def _mib(readings: Sequence[int]) -> list[float]:
    return [reading / MIB for reading in readings]


def _memory_line(title: str, at_first: int, passes: Sequence[Sequence[int]], growth: Growth) -> str:
    means = [statistics.fmean(_mib(readings)) for readings in passes]
    low, high = growth.interval.low / KIB, growth.interval.high / KIB
    return (
        f"{title}: {at_first / MIB:.0f} MiB at the start, mean of each pass of {growth.calls} lengths "
        f"{', '.join(f'{mean:.0f}' for mean in means)} MiB; {growth.bytes_per_call / KIB:+.1f} KiB per length "
        f"({low:+.1f} to {high:+.1f})"
    )


def test_latency_over_duration(bench: Bench, timed_variant: str, plotted: Plotted) -> None:
    """Latency from 0.1 s to 60 s of speech, with each duration once per round; all logits are checked."""
    recognizer = bench.read_precision(timed_variant, bench.compile(timed_variant))
    calls = {duration_s: bench.call(recognizer, duration_s) for duration_s in DURATIONS_S}
    outputs = {duration_s: Outputs() for duration_s in DURATIONS_S}
    times_s: dict[float, list[float]] = {duration_s: [] for duration_s in DURATIONS_S}
    for _ in range(ROUNDS):
        for duration_s, call in calls.items():
            call()  # the previous call had another length, and the runtime prepares for each new one
            started = time.perf_counter()
            logits = call()
            times_s[duration_s].append(time.perf_counter() - started)
            outputs[duration_s].keep(logits)
    for duration_s, timed_outputs in outputs.items():
        bench.check_outputs(timed_outputs, timed_variant, duration_s)
    medians_ms = [1000 * statistics.median(times_s[duration_s]) for duration_s in DURATIONS_S]
    fit = fit_latency(DURATIONS_S, medians_ms)
    fitted = [fit.a + fit.b * t + fit.c * t**2 for t in DURATIONS_S]
    title = f"latency of {bench.model} {timed_variant} over duration"
    axes = Axes(title, "seconds of speech", "ms", logarithmic=True)
    plotted([Curve(timed_variant, DURATIONS_S, medians_ms, fitted)], axes, [f"{title}: {fit.line}"])


def test_speed_over_corpus_size(bench: Bench, timed_variant: str, plotted: Plotted) -> None:
    """Throughput over a growing corpus, with a new recognizer that has seen none of its lengths."""
    drawn_s = librispeech_like(SIZES[-1], bench.session.config.benchmarks.peers.seed)
    rate = bench.session.frontend(bench.model).sampling_rate
    utterances = pieces(bench.session.corpora.corpus(bench.model, bench.speech), drawn_s, rate)
    started = time.perf_counter()
    recognizers = bench.session.recognizers
    recognizer = recognizers.compile(bench.variant(timed_variant), streams=recognizers.corpus_streams)
    compile_s = time.perf_counter() - started
    run_s, without, with_ = 0.0, [], []
    for first, last in pairwise((0, *SIZES)):
        run_s += seconds(partial(recognizer.logits_of, utterances[first:last]))
        audio_s = sum(drawn_s[:last])
        without.append(audio_s / run_s)
        with_.append(audio_s / (run_s + compile_s))
    title = f"speed of {bench.model} {timed_variant} over corpus size"
    curves = [Curve("inference", SIZES, without), Curve("with compilation", SIZES, with_)]
    figures = ", ".join(f"{size}: {a:.0f} ({b:.0f})" for size, a, b in zip(SIZES, without, with_, strict=True))
    plotted(curves, Axes(title, "utterances", "RTFx"), [f"{title}: RTFx by utterances (with compilation) {figures}"])
    _check_one(bench, recognizer, timed_variant)


def test_compilation_over_buckets(bench: Bench, timed_variant: str, plotted: Plotted) -> None:
    """Compilation time and resident memory of successive static models; each stays loaded and runs once."""
    core, path = ov.Core(), bench.variant(timed_variant).path
    rate = bench.session.frontend(bench.model).sampling_rate
    loaded, total_s, resident = [], [0.0], [resident_bytes()]
    for number in range(1, BUCKETS + 1):
        model = core.read_model(path)
        started = time.perf_counter()
        feed = fix_length(path, model, round(number * BUCKET_S * rate))
        compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        total_s.append(total_s[-1] + time.perf_counter() - started)
        compiled.create_infer_request().infer(feed)
        loaded.append(compiled)  # a reference keeps the model's memory in the readings
        del model
        gc.collect()
        resident.append(resident_bytes())
    counts = list(range(BUCKETS + 1))
    memory_mib = [(reading - resident[0]) / MIB for reading in resident]
    title = f"compilation of {bench.model} {timed_variant} over buckets"
    curves = [Curve("compilation, s", counts, total_s), Curve("memory, 100 MiB", counts, [m / 100 for m in memory_mib])]
    means = f"{total_s[-1] / BUCKETS:.2f} s and {memory_mib[-1] / BUCKETS:.0f} MiB per bucket"
    line = f"{title}: {means}, mean of {BUCKETS} buckets"
    plotted(curves, Axes(title, "static models (1 s, 2 s, ...)", "s, 100 MiB"), [line])


def _check_one(bench: Bench, recognizer: Recognizer, name: str) -> None:
    """Check that the recognizer still gives the reference's logits after the measurement."""
    outputs = Outputs()
    outputs.keep(bench.call(bench.read_precision(name, recognizer), 1.0)())
    bench.check_outputs(outputs, name, 1.0)
