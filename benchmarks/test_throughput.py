"""Throughput in audio seconds per second, over many utterances of different lengths.

The study in this file measures the gain from buckets and compares it with the hardware limit:
`pytest benchmarks/ --study throughput -s [--model random:data2vec-audio-base] [--limit N]`
"""

from __future__ import annotations

from itertools import islice

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from fixtures.benchmarks.bench import label, speech_of, sqnr_db_min
from fixtures.gates.check import Check
from wergate.config.base import Precision
from wergate.config.suite import SuiteConfig
from wergate.corpora.corpus import Corpus, Utterance
from wergate.corpora.sampling import librispeech_like
from wergate.corpora.waveforms import pieces
from wergate.gates.ir import precision_verdict
from wergate.models.variant import Variant
from wergate.networks.ctc import greedy_decode
from wergate.networks.ir.precision import RunPrecision
from wergate.recognizers.base import CompiledRecognizer, Recognizer
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.studies.throughput.study import (
    MODES,
    PRECISIONS,
    HardwareShare,
    Side,
    Workload,
    hardware_share,
    side_by_side,
)
from wergate.timing.gates import same_work_verdict

ROUNDS = 3
UTTERANCES, SEED, BLOCKS = 200, 5, 5
LAYERS = 8


def corpus_slice(corpus: Corpus, sampling_rate: int, count: int) -> list[Utterance]:
    """Return `count` utterances, evenly spread over the corpus."""
    step = max(1, len(corpus) // count)
    return list(islice(corpus.utterances(sampling_rate), 0, step * count, step))


def test_throughput(
    benchmark: BenchmarkFixture,
    session: Session,
    suite_config: SuiteConfig,
    variant: Variant,
    check: Check,
) -> None:
    """Time inference and decoding as the accuracy gates run a corpus; the transcripts equal theirs."""
    model, frontend = variant.model, variant.frontend
    speech = speech_of(suite_config, model)
    corpus, count = session.corpora.corpus(model, speech), suite_config.benchmarks.throughput_utterances
    utterances = corpus_slice(corpus, frontend.sampling_rate, count)
    # the buckets of the evaluation, because INT8's rounding depends on the padding
    buckets_s = list(corpus.durations.values())
    workload = Workload(session, model, [utterance.waveform.samples for utterance in utterances], buckets_s)
    name = f"{variant.name} {len(utterances)} utterances"
    label(benchmark, group="throughput", model=model, name=name, audio_s=workload.audio_s)

    rounds: list[list[str]] = []
    ran_in: list[RunPrecision] = []

    def transcribe(recognizer: Recognizer) -> None:
        by_utterance = recognizer.logits_of(workload.utterances)
        rounds.append([greedy_decode(logits, frontend.alphabet) for logits in by_utterance])

    def new_recognizer() -> tuple[tuple[Recognizer], dict[str, object]]:
        # a recognizer with dynamic shapes that has seen the lengths before is faster
        # than on new speech, so every round gets a new one, untimed
        in_buckets = session.recognizers.runs_in_buckets(variant)
        recognizer = workload.recognizer(variant.name, "buckets" if in_buckets else "streams")
        if isinstance(recognizer, CompiledRecognizer):
            ran_in.extend(recognizer.precisions())
        return (recognizer,), {}

    benchmark.pedantic(transcribe, setup=new_recognizer, rounds=ROUNDS)
    evaluation = session.evaluation(Cell(model, speech, variant.name))
    check(
        same_work_verdict(
            accuracy_run={outcome.id: outcome.hypothesis for outcome in evaluation.outcomes},
            timed=dict(zip((u.id for u in utterances), zip(*rounds, strict=True), strict=True)),
            subject=variant.subject,
            scope=f"{model}, {len(utterances)} utterances of {speech.name}, {len(rounds)} rounds",
        ),
        precision_verdict(
            ran_in,
            wanted=suite_config.inference_precision,
            variant=variant,
            corpus=f"{len(utterances)} utterances of {speech.name}",
        ),
    )


@pytest.mark.study("throughput")
def test_buckets_compared_with_streams(session: Session, suite_config: SuiteConfig, timed_model: str) -> None:
    """Durations like LibriSpeech's, both precisions, three modes; buckets give the logits of the dynamic streams."""
    durations_s = librispeech_like(suite_config.limit or UTTERANCES, SEED)
    corpus = session.corpora.corpus(timed_model, speech_of(suite_config, timed_model))
    rate = session.frontend(timed_model).sampling_rate
    workload = Workload(session, timed_model, pieces(corpus, durations_s, rate))
    race = side_by_side(workload, blocks=BLOCKS)
    results = race.results
    rtfx: dict[Side, float] = {side: workload.audio_s / result.seconds for side, result in results.items()}
    streams = session.recognizers.corpus_streams
    print(f"\n{timed_model}: {len(durations_s)} utterances, {workload.audio_s:.0f} s, {streams} streams")
    for variant in PRECISIONS:
        share = hardware_share(workload, variant, results[variant, "buckets"].seconds)
        _print_figures(variant, rtfx, share, race.gemm_gmacs[variant])
    for mode in MODES:
        print(f"int8 over fp16, {mode}: speed-up {rtfx['int8', mode] / rtfx['fp16', mode]:.2f}")
    for variant in PRECISIONS:
        sqnr_db = results[variant, "streams"].compared_with(results[variant, "buckets"]).sqnr_db
        print(f"{variant}: SQNR of buckets compared with streams {sqnr_db:.0f} dB")
        assert sqnr_db >= sqnr_db_min(suite_config, timed_model, variant)


def _print_figures(variant: Precision, rtfx: dict[Side, float], share: HardwareShare, gemm_gmacs: float) -> None:
    alone, streams, buckets = (rtfx[variant, mode] for mode in MODES)
    print(
        f"{variant}: RTFx {alone:.1f} one by one, {streams:.1f} on streams, {buckets:.1f} in buckets "
        f"(speed-up {buckets / alone:.2f} and {buckets / streams:.2f}); {share.reached_gmacs:.0f} of the "
        f"{gemm_gmacs:.0f} GMAC/s of plain matrix products, {100 * share.reached_gmacs / gemm_gmacs:.0f} %"
    )
    print("   ", ", ".join(f"{kind} {100 * part:.0f} %" for kind, part in list(share.layers.items())[:LAYERS]))
