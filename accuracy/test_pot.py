"""Legacy toolchain (`--quantizer pot`): both runtimes agree on its IRs, and moving to NNCF costs no accuracy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.gates.check import Check, record_row
from wergate.config.models import ModelSettings
from wergate.config.suite import SuiteConfig
from wergate.config.variants import LEGACY_QUANTIZERS
from wergate.corpora.spec import CorpusSpec
from wergate.gates.wer import wer_verdict
from wergate.models.variant import Variant
from wergate.session.session import Session
from wergate.studies.pot.comparison import leaving_pot
from wergate.studies.pot.rows import comparison_rows, runtime_row, steps_row
from wergate.studies.pot.runtimes import as_reference, runtime_verdict, two_runtimes
from wergate.studies.pot.tutorial import pot_steps
from wergate.timing.paired import PairedRule


@pytest.fixture(autouse=True)
def _requires_pot(suite_config: SuiteConfig, model: str) -> None:
    settings = suite_config.settings_of(model)
    if settings.quantizer not in LEGACY_QUANTIZERS:
        pytest.skip(f"{model} is quantized by {settings.quantizer}: --quantizer pot builds it with OpenVINO 2023.3")


def test_both_runtimes_transcribe_alike(
    session: Session,
    corpus_spec: CorpusSpec,
    variant: Variant,
    model_settings: ModelSettings,
    check: Check,
    request: pytest.FixtureRequest,
) -> None:
    """OpenVINO 2023.3 and the current one transcribe an IR alike; each utterance that differs is shown."""
    runtimes = two_runtimes(session, variant, corpus_spec)
    record_row(request.node, "runtimes", runtime_row(runtimes))
    check(runtime_verdict(runtimes, model_settings.pot), detail="\n".join(runtimes.lines()))


def test_the_steps_of_the_tutorial(session: Session, model: str, request: pytest.FixtureRequest) -> None:
    """The summary has model paths, quantization, a sample's transcripts, word error rates and `benchmark_app`."""
    if "int8" not in session.config.precisions:
        pytest.skip("--precisions excludes int8, the only precision that POT builds")
    settings = session.config.settings_of(model).pot
    steps = pot_steps(session, model, session.corpora.first(model), seconds=settings.benchmark_app_s)
    record_row(request.node, "pot_steps", steps_row(steps, model=model))
    assert all(fps > 0 for fps in steps.fps.values())


@pytest.mark.study("pot")
def test_leaving_pot_costs_nothing(
    session: Session, model: str, corpus_spec: CorpusSpec, check: Check, request: pytest.FixtureRequest
) -> None:
    """NNCF's INT8 makes no more word errors than POT's, with the same checkpoint, calibration and settings."""
    config = session.config
    rule = PairedRule(**config.benchmarks.paired.model_dump(exclude={"durations_s"}))
    comparison = leaving_pot(session, model, corpus_spec, rule)
    for row in comparison_rows(comparison, model=model):
        record_row(request.node, "leaving_pot", row)
    before, after = comparison.before, comparison.after
    against_pot = as_reference(after.evaluation, before.evaluation, f"{before.quantizer}'s")
    successor = replace(against_pot, variant=replace(against_pot.variant, subject="NNCF INT8"))
    check(wer_verdict(successor, min_words=config.min_words))
