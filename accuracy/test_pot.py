"""A model of the legacy toolchain (`--quantizer pot`): both runtimes agree on it, and leaving POT costs nothing."""

from __future__ import annotations

import pytest

from fixtures.report import Gate, hand_over
from wergate.config.suite import SuiteConfig
from wergate.config.variants import LEGACY_QUANTIZERS, subject_of
from wergate.corpora.spec import CorpusSpec
from wergate.gates.wer import wer_verdict
from wergate.session.session import Pipeline
from wergate.studies.pot.comparison import leaving_pot
from wergate.studies.pot.rows import leaving_rows, runtime_row, steps_row
from wergate.studies.pot.runtimes import as_reference, runtime_verdict, two_runtimes
from wergate.studies.pot.tutorial import pot_steps
from wergate.timing.paired import PairedRule


@pytest.fixture(autouse=True)
def _made_by_pot(suite_config: SuiteConfig, model: str) -> None:
    settings = suite_config.settings_of(model)
    if settings.quantizer not in LEGACY_QUANTIZERS:
        pytest.skip(f"{model} is quantized by {settings.quantizer}: --quantizer pot makes it with OpenVINO 2023.3")


def test_both_runtimes_transcribe_alike(
    pipeline: Pipeline, model: str, corpus_spec: CorpusSpec, variant: str, gate: Gate, request: pytest.FixtureRequest
) -> None:
    """OpenVINO 2023.3 and today's make the same of one IR; each utterance that differs is shown."""
    found = two_runtimes(pipeline, model, corpus_spec, variant)
    hand_over(request.node, "runtimes", runtime_row(found, model=model, variant=variant))
    settings, held_as = pipeline.config.settings_of(model).pot, pipeline.held_as(model, variant)
    verdict = runtime_verdict(found, settings, held_as=held_as, subject=subject_of(variant), model=model)
    gate(verdict, detail="\n".join(found.lines()))


def test_the_steps_of_the_tutorial(pipeline: Pipeline, model: str, request: pytest.FixtureRequest) -> None:
    """Model paths, quantization, a sample's transcripts, word error rates and `benchmark_app`: told in the summary."""
    if "int8" not in pipeline.config.precisions:
        pytest.skip("--precisions leaves out int8, which is what POT makes")
    settings = pipeline.config.settings_of(model).pot
    steps = pot_steps(pipeline, model, pipeline.first_corpus(model), seconds=settings.benchmark_app_s)
    hand_over(request.node, "pot_steps", steps_row(steps, model=model))
    assert all(fps > 0 for fps in steps.fps.values())


@pytest.mark.study("pot")
def test_leaving_pot_costs_nothing(
    pipeline: Pipeline, model: str, corpus_spec: CorpusSpec, gate: Gate, request: pytest.FixtureRequest
) -> None:
    """NNCF's INT8, of the same checkpoint, calibration and settings, makes no more word errors than POT's."""
    settings, config = pipeline.config.settings_of(model), pipeline.config
    rule = PairedRule(**config.benchmarks.paired.model_dump(exclude={"durations_s"}))
    found = leaving_pot(pipeline, model, corpus_spec, rule)
    for row in leaving_rows(found, model=model):
        hand_over(request.node, "leaving_pot", row)
    beside = as_reference(found.after.evaluation, found.before.evaluation, f"{found.before.quantizer}'s")
    gates = settings.thresholds.int8
    gate(wer_verdict(beside, gates, subject="NNCF INT8", model=model, min_words=config.min_words))
