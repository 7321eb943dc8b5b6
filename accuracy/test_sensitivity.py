"""`--study sensitivity`: which layers cost accuracy, and the smallest ignored scope that brings it back."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check, record_row
from fixtures.studies.sensitivity import RecordScope
from wergate.config.models import ModelSettings
from wergate.models.variant import Variant
from wergate.studies.sensitivity.gates import restored_verdict, scope_verdict, scope_verdicts
from wergate.studies.sensitivity.rows import sensitivity_row
from wergate.studies.sensitivity.scope import Scope, ScopeResult
from wergate.studies.sensitivity.study import Sensitivity

pytestmark = pytest.mark.study("sensitivity")


def test_the_layers_are_ranked(
    ranked: Sensitivity, variant: Variant, model_settings: ModelSettings, check: Check, request: pytest.FixtureRequest
) -> None:
    """Each quantized layer alone and each left out; with all of them back, the variant is the FP16 IR again."""
    record_row(request.node, "sensitivities", sensitivity_row(ranked, variant))
    check(restored_verdict(ranked, variant, model_settings.sensitivity))


def test_the_smallest_scope_holds_where_it_was_not_searched(
    ignored: Scope, judged: ScopeResult | None, record_scope: RecordScope, variant: Variant, check: Check
) -> None:
    """A variant that fails is brought back by leaving out a few layers, on other utterances too."""
    record_scope(ignored, judged)
    check(scope_verdict(ignored, variant), *(scope_verdicts(judged.after) if judged else ()))
