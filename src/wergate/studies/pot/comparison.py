"""A model that POT has quantized beside the same one of NNCF: same checkpoint, calibration, settings and corpus."""

from __future__ import annotations

from dataclasses import dataclass

from wergate.config.base import QuantizerName
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluation import Evaluation
from wergate.networks.ir.execution import ExecutedWork, GraphCounts
from wergate.quantization.pot import read_pot_report
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.timing.gates import is_open
from wergate.timing.paired import Paired, PairedRule, Side, time_pair

SUCCESSOR: QuantizerName = "nncf"
TIMED_S = 5.0


@dataclass(frozen=True)
class QuantizerResult:
    """An INT8 IR, and all that is compared of it.

    Attributes:
        seconds: that quantizing took, whenever that was, reading the calibration audio included.
        tool_seconds: of the quantization alone, where the tool told it.
    """

    quantizer: QuantizerName
    evaluation: Evaluation
    graph: GraphCounts
    work: ExecutedWork
    seconds: float
    tool_seconds: float | None


@dataclass(frozen=True)
class PotComparison:
    """What was, what takes its place, and how many times as fast the successor is, both timed in turns."""

    before: QuantizerResult
    after: QuantizerResult
    speed: Paired


def leaving_pot(session: Session, model: str, spec: CorpusSpec, rule: PairedRule) -> PotComparison:
    """Quantize a model with NNCF beside POT, and compare the two on a corpus."""
    successor = session.with_quantizer(SUCCESSOR)
    samples = session.evaluations.excerpt(model, spec, TIMED_S)
    before, after = (_quantized(one, model, spec) for one in (session, successor))
    old, new = (one.recognizers.compile(one.variant(model, "int8")) for one in (session, successor))
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
