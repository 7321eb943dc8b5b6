"""`--study sensitivity`: accuracy cost of each layer, and the smallest ignored scope that restores it."""

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
    """Each quantized layer is measured alone and left out; with all layers restored, the variant equals the FP16 IR."""
    record_row(request.node, "sensitivities", sensitivity_row(ranked, variant))
    check(restored_verdict(ranked, variant, model_settings.sensitivity))


def test_the_smallest_scope_holds_outside_the_search(
    ignored: Scope, judged: ScopeResult | None, record_scope: RecordScope, variant: Variant, check: Check
) -> None:
    """Leaving out a few layers makes a failing variant pass, also on utterances outside the search."""
    record_scope(ignored, judged)
    check(scope_verdict(ignored, variant), *(scope_verdicts(judged.after) if judged else ()))
