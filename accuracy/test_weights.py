"""The 8-bit weights are the checkpoint's, rounded: a spoilt layer or another checkpoint moves some of them further."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from wergate.gates.ir import weights_verdict
from wergate.models.variant import Variant
from wergate.session.session import Session


def test_weights_are_those_of_the_checkpoint(session: Session, variant: Variant, check: Check) -> None:
    """No weight of any layer is further from the FP16 IR's than rounding takes it."""
    most = variant.thresholds.weight_error_max
    if most is None:
        pytest.skip(f"no weight_error_max in the thresholds that {variant.name} is held to")
    layers = session.models.weights(variant)
    if variant.name != "int8" and not any(layer.known for layer in layers):
        pytest.skip(f"{variant.name} has no 8-bit weights under names of the FP16 IR: they cannot be compared")
    check(weights_verdict(layers, most, variant))
