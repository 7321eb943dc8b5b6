"""IR properties: quantized as in the baseline, executed in 8 bit, in the configured precision, and small."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.gates.check import Check, RecordWork
from wergate.config.suite import SuiteConfig
from wergate.corpora.spec import CorpusSpec
from wergate.gates.ir import (
    GRAPH_BASELINE,
    count_verdicts,
    executed_verdict,
    graph_verdict,
    precision_verdict,
    read_baseline,
    size_verdict,
    write_baseline,
)
from wergate.models.variant import Variant
from wergate.session.session import Session

_SAME_NETWORK = 0.9  # share of operations that match; a fault leaves more, and another converter matches far fewer


def test_quantized_operations_equal_the_baseline(
    session: Session, variant: Variant, check: Check, baselines: Path, pytestconfig: pytest.Config
) -> None:
    """The numbers of FakeQuantize operations and 8-bit weights equal those of the stored baseline."""
    graph = session.models.graph(variant.path)
    counts = {"fake_quantize": graph.fake_quantize, "int8_weights": graph.int8_weights}
    path, key = baselines / GRAPH_BASELINE, f"{variant.model}/{variant.label}"
    if pytestconfig.option.update_baselines:
        write_baseline(path, key, counts)
    baseline = read_baseline(path, key)
    if baseline is None:
        pytest.skip(f"no graph baseline for {key}: store this run's with --update-baselines")
    check(*count_verdicts(counts, baseline, variant))


def test_graph_is_that_of_fp16_but_for_quantization(session: Session, variant: Variant, check: Check) -> None:
    """Without FakeQuantize, SmoothQuant and compression, the operations and constants are those of the FP16 IR."""
    if variant.name == "fp16":
        pytest.skip("the FP16 IR is what the others are compared with")
    comparison = session.models.graph_comparison(variant)
    if variant.is_candidate and comparison.matched < _SAME_NETWORK * comparison.operations:
        pytest.skip(
            f"{variant.name} is another graph than the FP16 IR, as of another converter: {comparison.matched} of "
            f"{comparison.operations} operations match"
        )
    check(graph_verdict(comparison, variant))


def test_compiled_model_executes_in_8_bit(
    session: Session, variant: Variant, check: Check, record_work: RecordWork
) -> None:
    """Enough of the work runs in 8 bit, according to the compiled runtime model rather than the graph."""
    work = session.models.executed(variant.model, variant.path)
    record_work(work)
    check(executed_verdict(work, variant))


def test_inference_precision_is_the_configured_one(
    session: Session, suite_config: SuiteConfig, corpus_spec: CorpusSpec, variant: Variant, check: Check
) -> None:
    """Each compiled model that transcribes a corpus runs in the configured precision, layer by layer."""
    corpus = session.corpora.corpus(variant.model, corpus_spec)
    models = session.recognizers.precisions(variant, corpus)
    wanted = suite_config.inference_precision
    check(precision_verdict(models, wanted=wanted, variant=variant, corpus=corpus_spec.name))


def test_ir_is_smaller_than_the_checkpoint(session: Session, variant: Variant, check: Check) -> None:
    """The IR is at most a configured fraction of the size of the checkpoint's weights at four bytes a parameter."""
    model = session.models.reference(variant.model)
    if not model.weight_bytes:
        pytest.skip(f"{variant.model} has no weights file to compare the IR's size with")
    verdict = size_verdict(
        variant,
        ir_bytes=session.models.graph(variant.path).bytes,
        weight_bytes=model.float32_bytes,
        stored_bytes=model.weight_bytes,
        graph_bytes=variant.path.stat().st_size,
    )
    check(verdict)
