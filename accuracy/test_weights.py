"""The 8-bit weights are the checkpoint's, rounded: a spoilt layer or another checkpoint moves some of them further."""

from __future__ import annotations

import pytest

from fixtures.report import Gate
from wergate.config.thresholds import Gates
from wergate.config.variants import subject_of
from wergate.gates.ir import weights_verdict
from wergate.session.session import Pipeline


def test_weights_are_those_of_the_checkpoint(
    pipeline: Pipeline, model: str, variant: str, gates: Gates, gate: Gate
) -> None:
    """No weight of any layer is further from the FP16 IR's than rounding takes it."""
    if gates.weight_error_max is None:
        pytest.skip(f"no weight_error_max in the thresholds that {variant} is held to")
    layers = pipeline.weights(model, variant)
    if variant != "int8" and not any(layer.known for layer in layers):
        pytest.skip(f"{variant} has no 8-bit weights under names of the FP16 IR: they cannot be compared")
    gate(weights_verdict(layers, gates.weight_error_max, subject=subject_of(variant), model=model))
