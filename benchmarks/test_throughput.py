"""A slice of the corpus, utterance after utterance, each of another length: audio seconds per second."""

from __future__ import annotations

from itertools import islice

from pytest_benchmark.fixture import BenchmarkFixture

from fixtures.benchmarks import label, speech_of
from fixtures.report import Gate
from wergate.cells import subject_of
from wergate.config import SuiteConfig
from wergate.corpus import Corpus, Utterance
from wergate.ctc import greedy_decode
from wergate.pipeline import Pipeline
from wergate.recognizers import Recognizer
from wergate.speed import same_work_verdict

ROUNDS = 3


def corpus_slice(corpus: Corpus, sampling_rate: int, wanted: int) -> list[Utterance]:
    """Return that many utterances, evenly spread over the corpus."""
    step = max(1, len(corpus) // wanted)
    return list(islice(corpus.utterances(sampling_rate), 0, step * wanted, step))


def test_throughput(
    benchmark: BenchmarkFixture,
    pipeline: Pipeline,
    suite_config: SuiteConfig,
    model: str,
    variant: str,
    gate: Gate,
) -> None:
    """Inference and decoding, on a stream per core; the transcripts are those of the accuracy gates.

    Every round compiles the IR anew, untimed: a recognizer that has met the utterances' lengths before would be
    faster than it ever is on speech it has not heard.
    """
    frontend, speech = pipeline.frontend(model), speech_of(suite_config, model)
    utterances = corpus_slice(
        pipeline.corpus(model, speech), frontend.sampling_rate, suite_config.benchmarks.throughput_utterances
    )
    audio_s = sum(utterance.waveform.duration_s for utterance in utterances)
    name = f"{variant} {len(utterances)} utterances"
    label(benchmark, group="throughput", model=model, name=name, audio_s=audio_s)

    rounds: list[list[str]] = []

    def transcribe(recognizer: Recognizer) -> None:
        logits = recognizer.logits_of([utterance.waveform.samples for utterance in utterances])
        rounds.append([greedy_decode(found, frontend.alphabet) for found in logits])

    def compile_anew() -> tuple[tuple[Recognizer], dict[str, object]]:
        return (pipeline.compiled(model, variant, streams=pipeline.corpus_streams),), {}

    benchmark.pedantic(transcribe, setup=compile_anew, rounds=ROUNDS)
    evaluation = pipeline.evaluation(model, speech, variant)
    gate(
        same_work_verdict(
            accuracy_run={outcome.id: outcome.hypothesis for outcome in evaluation.outcomes},
            timed=dict(zip((u.id for u in utterances), zip(*rounds, strict=True), strict=True)),
            subject=subject_of(variant),
            scope=f"{model}, {len(utterances)} utterances of {speech.name}, {len(rounds)} rounds",
        )
    )
