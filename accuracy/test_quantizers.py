"""`--study quantizers`: the ways of quantizing, side by side. Where accuracy control ran: what it came to."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check, record_row
from wergate.config.suite import SuiteConfig
from wergate.studies.quantizers.accuracy_control import RevertedLayers, tuned_verdict
from wergate.studies.quantizers.rows import quantizer_row, reverted_row
from wergate.studies.quantizers.study import QuantizedVariant


@pytest.mark.study("quantizers")
def test_the_ways_of_quantizing_are_compared(
    quantized_variants: tuple[QuantizedVariant, ...], model: str, request: pytest.FixtureRequest
) -> None:
    """Each is built, evaluated and timed; which one is good enough is for the gates, under --quantizer."""
    for found in quantized_variants:
        record_row(request.node, "quantizers", quantizer_row(found, model=model))


def test_accuracy_control_holds_where_it_was_tuned(
    reverted_layers: RevertedLayers,
    controlled_model: str,
    suite_config: SuiteConfig,
    check: Check,
    request: pytest.FixtureRequest,
) -> None:
    """The drop is what was asked for on its own utterances; the other gates judge it on those that it never saw."""
    settings = suite_config.settings_of(controlled_model)
    record_row(request.node, "reverted", reverted_row(reverted_layers, settings))
    check(tuned_verdict(reverted_layers, settings))
