"""8-bit weights differ from the checkpoint's by rounding only, unless a layer is corrupt or from other weights."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from wergate.gates.ir import weights_verdict
from wergate.models.variant import Variant
from wergate.session.session import Session


def test_weights_are_those_of_the_checkpoint(session: Session, variant: Variant, check: Check) -> None:
    """No weight of any layer differs from the FP16 IR's by more than rounding."""
    limit = variant.thresholds.weight_error_max
    if limit is None:
        pytest.skip(f"the thresholds of {variant.name} have no weight_error_max")
    layers = session.models.weights(variant)
    if variant.name != "int8" and not any(layer.known for layer in layers):
        pytest.skip(f"{variant.name} has no 8-bit weights with names of the FP16 IR to compare with")
    check(weights_verdict(layers, limit, variant))
