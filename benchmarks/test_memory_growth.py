"""An inference leaves no memory behind: one length, again and again, after warm-up."""

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
    """From samples to logits, which are let go; what stays is the recognizer's, the runtime's or ours."""
    asked = suite_config.benchmarks.memory
    if timed_model in asked.skip_models and not pytestconfig.option.model:
        pytest.skip("[benchmarks.memory] skips this model: --model looks at it")
    rule = GrowthRule(max_kib=asked.max_kib, budget_s=asked.budget_s, windows=asked.windows)
    waveforms = session.evaluations.excerpt(timed_model, speech_of(suite_config, timed_model), asked.duration_s)[None]
    recognizer = session.recognizers.compile(session.variant(timed_model, timed_variant))
    growth = measure_growth(lambda: recognizer.logits(waveforms), rule)
    scope = f"{timed_model}, {asked.duration_s:g} s of speech"
    check(growth_verdict(growth, rule, subject=timed_variant.upper(), scope=scope))
