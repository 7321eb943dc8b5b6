"""The IRs are what they claim to be: quantized as in the baseline, executed in 8 bit, small."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.report import Gate, RecordWork
from wergate.config.suite import SuiteConfig
from wergate.config.thresholds import Gates
from wergate.config.variants import subject_of
from wergate.gates.ir import (
    GRAPH_BASELINE,
    count_verdicts,
    executed_verdict,
    precision_verdict,
    read_baseline,
    size_verdict,
    write_baseline,
)
from wergate.session.session import Pipeline


def test_quantized_operations_equal_the_baseline(
    pipeline: Pipeline, model: str, variant: str, gate: Gate, baselines: Path, pytestconfig: pytest.Config
) -> None:
    """FakeQuantize and 8-bit weights are as many as when the baseline was stored."""
    graph = pipeline.graph(model, variant)
    counts = {"fake_quantize": graph.fake_quantize, "int8_weights": graph.int8_weights}
    path, key = baselines / GRAPH_BASELINE, f"{model}/{pipeline.label(model, variant)}"
    if pytestconfig.option.update_baselines:
        write_baseline(path, key, counts)
    baseline = read_baseline(path, key)
    if baseline is None:
        pytest.skip(f"no graph baseline for {key}: --update-baselines stores this run's")
    gate(*count_verdicts(counts, baseline, subject=subject_of(variant), scope=model))


def test_compiled_model_executes_in_8_bit(
    pipeline: Pipeline, model: str, variant: str, gates: Gates, gate: Gate, record_work: RecordWork
) -> None:
    """The runtime model, not the graph, shows in which precision the work is done."""
    work = pipeline.executed(model, variant)
    record_work(work)
    gate(executed_verdict(work, gates, subject=subject_of(variant), model=model))


def test_inference_precision_is_what_was_asked_for(
    pipeline: Pipeline, suite_config: SuiteConfig, model: str, variant: str, gate: Gate
) -> None:
    """The recognizer that the corpora go through runs in the precision of the configuration."""
    found = pipeline.loop(model, variant)
    wanted, subject = suite_config.inference_precision, subject_of(variant)
    gate(precision_verdict(found.asked_precision, found.precision, wanted=wanted, subject=subject, model=model))


def test_ir_is_smaller_than_the_checkpoint(
    pipeline: Pipeline, model: str, variant: str, gates: Gates, gate: Gate
) -> None:
    """The IR's bytes are at most the agreed share of the checkpoint's."""
    weight_bytes = pipeline.reference_model(model).weight_bytes
    if not weight_bytes:
        pytest.skip(f"{model} has no weights file to compare with")
    ir_bytes = pipeline.graph(model, variant).bytes
    gate(
        size_verdict(
            ir_bytes=ir_bytes, weight_bytes=weight_bytes, gates=gates, subject=subject_of(variant), model=model
        )
    )
