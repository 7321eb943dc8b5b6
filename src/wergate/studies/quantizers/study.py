"""Ways of quantizing one model, side by side on one corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wergate.config.base import QuantizerName
from wergate.config.models import ModelSettings
from wergate.config.quantization import Quantization
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluation import Evaluation
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.networks.ir.execution import GraphCounts, graph_counts
from wergate.session.session import Pipeline
from wergate.store import Artifact
from wergate.timing.gates import is_open
from wergate.timing.paired import Paired, PairedRule, Side, time_pair


@dataclass(frozen=True)
class Way:
    """A way of quantizing, as the table calls it."""

    name: str
    settings: ModelSettings


@dataclass(frozen=True)
class Quantized:
    """What came of a way of quantizing.

    Attributes:
        int8_work: share of the multiply-accumulates that run in 8 bit.
        speed: how many times as fast as the FP16 IR, timed in turns.
    """

    way: Way
    ir: Artifact
    evaluation: Evaluation
    counts: GraphCounts
    int8_work: float
    speed: Paired


def ways(settings: ModelSettings) -> tuple[Way, ...]:
    """Return the ways to compare: the model's own settings first, then each with one thing changed."""
    plain = settings.quantization.model_copy(update={"smooth_quant": True, "bias_correction": True})
    performance = plain.model_copy(update={"preset": "performance"})
    asked: tuple[tuple[str, QuantizerName, Quantization], ...] = (
        ("performance", "nncf", performance),
        ("mixed", "nncf", performance.model_copy(update={"preset": "mixed"})),
        ("without SmoothQuant", "nncf", performance.model_copy(update={"smooth_quant": False})),
        ("without bias correction", "nncf", performance.model_copy(update={"bias_correction": False})),
        ("accuracy control", "nncf-accuracy-control", performance),
        ("int8-weights", "int8-weights", performance),
    )
    found = [Way("as configured", settings), *(_way(settings, *way) for way in asked)]
    return tuple(_distinct(found))


def _way(settings: ModelSettings, name: str, quantizer: QuantizerName, quantization: Quantization) -> Way:
    return Way(name, settings.model_copy(update={"quantizer": quantizer, "quantization": quantization}))


def _distinct(found: list[Way]) -> Iterator[Way]:
    """Yield each once: what is configured stands for the way that it is, under both names."""
    first, *others = found
    same = [way.name for way in others if way.settings == first.settings]
    yield Way(f"{same[0]} (as configured)" if same else first.name, first.settings)
    yield from (way for way in others if way.settings != first.settings)


def compare_quantizers(pipeline: Pipeline, model: str, spec: CorpusSpec) -> tuple[Quantized, ...]:
    """Quantize a model in each way, evaluate what comes of it, and time it in turns with the FP16 IR."""
    asked = ways(pipeline.config.settings_of(model))
    return tuple(
        _quantized(pipeline, model, spec, way) for way in pipeline.progress(asked, f"ways to quantize {model}")
    )


def _quantized(pipeline: Pipeline, model: str, spec: CorpusSpec, way: Way) -> Quantized:
    ir = pipeline.quantized(model, way.settings)
    path = ir.file(MODEL_FILE)
    return Quantized(
        way,
        ir,
        pipeline.evaluation_of(model, spec, ir, way.name),
        graph_counts(path),
        pipeline.executed_by(model, path).int8_share,
        time_irs(pipeline, model, spec, ir, pipeline.ir_path(model, "fp16")),
    )


def time_irs(pipeline: Pipeline, model: str, spec: CorpusSpec, ir: Artifact, other: Path) -> Paired:
    """Time an IR in turns with another one, on the first seconds of a corpus."""
    settings = pipeline.config.settings_of(model).quantizer_study
    batch = pipeline.excerpt(model, spec, settings.timed_s)[None]
    fast, slow = pipeline.compiled_ir(model, ir), pipeline.compiled_path(model, other)
    rule = PairedRule(budget_s=settings.timing_s)
    return time_pair(Side(lambda: fast.logits(batch)), Side(lambda: slow.logits(batch)), rule, is_open(None))
