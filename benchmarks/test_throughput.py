"""Audio seconds per second over many utterances, each of another length.

Beside it, on request, what buckets gain, and how near that is to what the cores can do:
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
from wergate.models.variant import Variant
from wergate.networks.ctc import greedy_decode
from wergate.recognizers.base import Recognizer
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.studies.throughput.study import (
    PRECISIONS,
    WAYS,
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


def corpus_slice(corpus: Corpus, sampling_rate: int, wanted: int) -> list[Utterance]:
    """Return that many utterances, evenly spread over the corpus."""
    step = max(1, len(corpus) // wanted)
    return list(islice(corpus.utterances(sampling_rate), 0, step * wanted, step))


def test_throughput(
    benchmark: BenchmarkFixture,
    session: Session,
    suite_config: SuiteConfig,
    variant: Variant,
    check: Check,
) -> None:
    """Inference and decoding, as the accuracy gates run a corpus; the transcripts are theirs.

    Every round makes the recognizer anew, untimed: one with dynamic shapes that has met the utterances' lengths before
    would be faster than it ever is on speech it has not heard.
    """
    model, frontend = variant.model, variant.frontend
    speech = speech_of(suite_config, model)
    corpus, wanted = session.corpora.corpus(model, speech), suite_config.benchmarks.throughput_utterances
    utterances = corpus_slice(corpus, frontend.sampling_rate, wanted)
    buckets_s = list(corpus.durations.values())  # those of the evaluation: INT8 rounds as it is padded
    workload = Workload(session, model, [utterance.waveform.samples for utterance in utterances], buckets_s)
    name = f"{variant.name} {len(utterances)} utterances"
    label(benchmark, group="throughput", model=model, name=name, audio_s=workload.audio_s)

    rounds: list[list[str]] = []

    def transcribe(recognizer: Recognizer) -> None:
        logits = recognizer.logits_of(workload.utterances)
        rounds.append([greedy_decode(found, frontend.alphabet) for found in logits])

    def make_anew() -> tuple[tuple[Recognizer], dict[str, object]]:
        in_buckets = session.recognizers.runs_in_buckets(variant)
        return (workload.recognizer(variant.name, "buckets" if in_buckets else "streams"),), {}

    benchmark.pedantic(transcribe, setup=make_anew, rounds=ROUNDS)
    evaluation = session.evaluation(Cell(model, speech, variant.name))
    check(
        same_work_verdict(
            accuracy_run={outcome.id: outcome.hypothesis for outcome in evaluation.outcomes},
            timed=dict(zip((u.id for u in utterances), zip(*rounds, strict=True), strict=True)),
            subject=variant.subject,
            scope=f"{model}, {len(utterances)} utterances of {speech.name}, {len(rounds)} rounds",
        )
    )


@pytest.mark.study("throughput")
def test_buckets_beside_the_loop(session: Session, suite_config: SuiteConfig, timed_model: str) -> None:
    """Durations as LibriSpeech's, both precisions, three ways; buckets give the logits of the loop over streams."""
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
        _tell(variant, rtfx, share, race.gemm_gmacs[variant])
    for way in WAYS:
        print(f"int8 beside fp16, {way}: {rtfx['int8', way] / rtfx['fp16', way]:.2f} times as fast")
    for variant in PRECISIONS:
        sqnr_db = results[variant, "streams"].beside(results[variant, "buckets"]).sqnr_db
        print(f"{variant} in buckets is {sqnr_db:.0f} dB from the loop")
        assert sqnr_db >= sqnr_db_min(suite_config, timed_model, variant)


def _tell(variant: Precision, rtfx: dict[Side, float], share: HardwareShare, gemm_gmacs: float) -> None:
    alone, streams, buckets = (rtfx[variant, way] for way in WAYS)
    print(
        f"{variant}: RTFx {alone:.1f} one by one, {streams:.1f} on streams, {buckets:.1f} in buckets "
        f"({buckets / alone:.2f} and {buckets / streams:.2f} times); {share.reached_gmacs:.0f} of the "
        f"{gemm_gmacs:.0f} GMAC/s of plain products, {100 * share.reached_gmacs / gemm_gmacs:.0f} %"
    )
    print("   ", ", ".join(f"{kind} {100 * part:.0f} %" for kind, part in list(share.layers.items())[:LAYERS]))
