"""Inferences leave no memory behind: the same length, repeated after warm-up."""

from __future__ import annotations

import pytest

from fixtures.benchmarks.bench import speech_of
from fixtures.gates.check import Check
from wergate.config.suite import SuiteConfig
from wergate.session.session import Session
from wergate.timing.memory import GrowthRule, growth_verdict, measure_growth


def test_memory_growth(
    session: Session,
    suite_config: SuiteConfig,
    timed_model: str,
    timed_variant: str,
    check: Check,
    pytestconfig: pytest.Config,
) -> None:
    """Logits are released after each call, so any growth is in the recognizer, the runtime or the suite."""
    settings = suite_config.benchmarks.memory
    if timed_model in settings.skip_models and not pytestconfig.option.model:
        pytest.skip("[benchmarks.memory] skips this model: select it with --model")
    rule = GrowthRule(max_kib=settings.max_kib, budget_s=settings.budget_s, windows=settings.windows)
    speech = speech_of(suite_config, timed_model)
    waveforms = session.evaluations.excerpt(timed_model, speech, settings.duration_s)[None]
    recognizer = session.recognizers.compile(session.variant(timed_model, timed_variant))
    growth = measure_growth(lambda: recognizer.logits(waveforms), rule)
    scope = f"{timed_model}, {settings.duration_s:g} s of speech"
    check(growth_verdict(growth, rule, subject=timed_variant.upper(), scope=scope))
