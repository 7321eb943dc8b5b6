"""Comparison of POT with NNCF: the same checkpoint, calibration, settings and corpus, quantized by each."""

from __future__ import annotations

from dataclasses import dataclass

from wergate.config.base import QuantizerName
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluation import Evaluation
from wergate.networks.ir.execution import ExecutedWork, GraphCounts
from wergate.quantization.pot import read_pot_report
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.timing.calls import Side
from wergate.timing.gates import is_open
from wergate.timing.paired import Paired, PairedRule, time_pair

SUCCESSOR: QuantizerName = "nncf"
TIMED_S = 5.0  # of speech


@dataclass(frozen=True)
class QuantizerResult:
    """An INT8 IR, and everything that is compared.

    Attributes:
        quantizer: the quantizer that built the IR.
        evaluation: the evaluation against the reference model.
        graph: counts of the IR's graph.
        work: the layers that the compiled IR executes.
        seconds: build time of the stored IR, including reading the calibration audio.
        tool_seconds: time of the quantization alone; None if the tool did not report it.
    """

    quantizer: QuantizerName
    evaluation: Evaluation
    graph: GraphCounts
    work: ExecutedWork
    seconds: float
    tool_seconds: float | None


@dataclass(frozen=True)
class PotComparison:
    """POT's IR, its successor's IR, and the speed-up of the successor, timed interleaved."""

    before: QuantizerResult
    after: QuantizerResult
    speed: Paired


def leaving_pot(session: Session, model: str, spec: CorpusSpec, rule: PairedRule) -> PotComparison:
    """Quantize a model with POT and with NNCF, and compare the two on a corpus."""
    successor = session.with_quantizer(SUCCESSOR)
    samples = session.evaluations.excerpt(model, spec, TIMED_S)
    before, after = (_quantized(each, model, spec) for each in (session, successor))
    old, new = (each.recognizers.compile(each.variant(model, "int8")) for each in (session, successor))
    speed = time_pair(
        Side(lambda: new.logits(samples[None])), Side(lambda: old.logits(samples[None])), rule, is_open(None)
    )
    return PotComparison(before, after, speed)


def _quantized(session: Session, model: str, spec: CorpusSpec) -> QuantizerResult:
    quantizer = session.config.settings_of(model).quantizer
    variant, ir = session.variant(model, "int8"), session.models.ir(model, "int8")
    return QuantizerResult(
        quantizer,
        session.evaluation(Cell(model, spec, "int8")),
        session.models.graph(variant.path),
        session.models.executed(model, variant.path),
        ir.build_seconds,
        None if quantizer == SUCCESSOR else read_pot_report(ir).seconds,
    )
