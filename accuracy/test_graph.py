"""The IRs are what they claim to be: quantized as in the baseline, executed in 8 bit, small."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.gates.check import Check, RecordWork
from wergate.config.suite import SuiteConfig
from wergate.gates.ir import (
    GRAPH_BASELINE,
    count_verdicts,
    executed_verdict,
    precision_verdict,
    read_baseline,
    size_verdict,
    write_baseline,
)
from wergate.models.variant import Variant
from wergate.session.session import Session


def test_quantized_operations_equal_the_baseline(
    session: Session, variant: Variant, check: Check, baselines: Path, pytestconfig: pytest.Config
) -> None:
    """FakeQuantize and 8-bit weights are as many as when the baseline was stored."""
    graph = session.models.graph(variant.path)
    counts = {"fake_quantize": graph.fake_quantize, "int8_weights": graph.int8_weights}
    path, key = baselines / GRAPH_BASELINE, f"{variant.model}/{variant.label}"
    if pytestconfig.option.update_baselines:
        write_baseline(path, key, counts)
    baseline = read_baseline(path, key)
    if baseline is None:
        pytest.skip(f"no graph baseline for {key}: --update-baselines stores this run's")
    check(*count_verdicts(counts, baseline, variant))


def test_compiled_model_executes_in_8_bit(
    session: Session, variant: Variant, check: Check, record_work: RecordWork
) -> None:
    """The runtime model, not the graph, shows in which precision the work is done."""
    work = session.models.executed(variant.model, variant.path)
    record_work(work)
    check(executed_verdict(work, variant))


def test_inference_precision_is_what_was_asked_for(
    session: Session, suite_config: SuiteConfig, variant: Variant, check: Check
) -> None:
    """The recognizer that the corpora go through runs in the precision of the configuration."""
    found, wanted = session.recognizers.dynamic(variant), suite_config.inference_precision
    check(precision_verdict(found.asked_precision, found.precision, wanted=wanted, variant=variant))


def test_ir_is_smaller_than_the_checkpoint(session: Session, variant: Variant, check: Check) -> None:
    """The IR's bytes are at most the agreed share of the checkpoint's."""
    weight_bytes = session.models.reference(variant.model).weight_bytes
    if not weight_bytes:
        pytest.skip(f"{variant.model} has no weights file to compare with")
    check(size_verdict(variant, ir_bytes=session.models.graph(variant.path).bytes, weight_bytes=weight_bytes))
