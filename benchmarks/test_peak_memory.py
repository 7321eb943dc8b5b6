"""The run itself fits into memory: models go as soon as no test needs them."""

from __future__ import annotations

import pytest

from fixtures.benchmarks.bench import timed_models
from fixtures.gates.check import Check
from wergate.config.suite import SuiteConfig
from wergate.timing.peak import budget_gb, peak_verdict


def test_peak_memory(peak_bytes: int, suite_config: SuiteConfig, check: Check, pytestconfig: pytest.Config) -> None:
    """This test is the last of the run, and judges all that ran before it in this process and in others."""
    models = timed_models(pytestconfig)
    budget = budget_gb(models, suite_config.benchmarks.peak_gb_max)
    if budget is None:
        pytest.skip(f"[benchmarks.peak_gb_max] has no budget for a run with {', '.join(models)}")
    check(peak_verdict(peak_bytes, budget, models))
