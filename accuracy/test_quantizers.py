"""`--study quantizers`: comparison of quantization variants. Also the result of accuracy control, if it was used."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check, record_row
from wergate.config.suite import SuiteConfig
from wergate.studies.quantizers.accuracy_control import RevertedLayers, tuned_verdict
from wergate.studies.quantizers.rows import quantizer_row, reverted_row
from wergate.studies.quantizers.study import QuantizedVariant


@pytest.mark.study("quantizers")
def test_quantization_variants_are_compared(
    quantized_variants: tuple[QuantizedVariant, ...], model: str, request: pytest.FixtureRequest
) -> None:
    """Each variant is built, evaluated and timed. To gate one of them, choose it with --quantizer."""
    for quantized in quantized_variants:
        record_row(request.node, "quantizers", quantizer_row(quantized, model=model))


def test_accuracy_control_holds_where_it_was_tuned(
    reverted_layers: RevertedLayers,
    controlled_model: str,
    suite_config: SuiteConfig,
    check: Check,
    request: pytest.FixtureRequest,
) -> None:
    """On the tuning utterances the drop is within its limit; the other gates judge it on all other utterances."""
    settings = suite_config.settings_of(controlled_model)
    record_row(request.node, "reverted", reverted_row(reverted_layers, settings))
    check(tuned_verdict(reverted_layers, settings))
