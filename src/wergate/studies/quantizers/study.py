"""Ways of quantizing one model, side by side on one corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wergate.config.base import QuantizerName
from wergate.config.models import ModelSettings
from wergate.config.quantization import QuantizationSettings
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluation import Evaluation
from wergate.models.variant import Variant
from wergate.networks.ir.execution import GraphCounts, graph_counts
from wergate.session.session import Session
from wergate.store import Artifact
from wergate.timing.gates import is_open
from wergate.timing.paired import Paired, PairedRule, Side, time_pair


@dataclass(frozen=True)
class QuantizationVariant:
    """A way of quantizing, as the table calls it."""

    name: str
    settings: ModelSettings


@dataclass(frozen=True)
class QuantizedVariant:
    """What came of a way of quantizing.

    Attributes:
        int8_work: share of the multiply-accumulates that run in 8 bit.
        speed: how many times as fast as the FP16 IR, timed in turns.
    """

    way: QuantizationVariant
    ir: Artifact
    evaluation: Evaluation
    counts: GraphCounts
    int8_work: float
    speed: Paired


def ways(settings: ModelSettings) -> tuple[QuantizationVariant, ...]:
    """Return the ways to compare: the model's own settings first, then each with one thing changed."""
    plain = settings.quantization.model_copy(update={"smooth_quant": True, "bias_correction": True})
    performance = plain.model_copy(update={"preset": "performance"})
    asked: tuple[tuple[str, QuantizerName, QuantizationSettings], ...] = (
        ("performance", "nncf", performance),
        ("mixed", "nncf", performance.model_copy(update={"preset": "mixed"})),
        ("without SmoothQuant", "nncf", performance.model_copy(update={"smooth_quant": False})),
        ("without bias correction", "nncf", performance.model_copy(update={"bias_correction": False})),
        ("accuracy control", "nncf-accuracy-control", performance),
        ("int8-weights", "int8-weights", performance),
    )
    found = [QuantizationVariant("as configured", settings), *(_way(settings, *way) for way in asked)]
    return tuple(_distinct(found))


def _way(
    settings: ModelSettings, name: str, quantizer: QuantizerName, quantization: QuantizationSettings
) -> QuantizationVariant:
    return QuantizationVariant(name, settings.model_copy(update={"quantizer": quantizer, "quantization": quantization}))


def _distinct(found: list[QuantizationVariant]) -> Iterator[QuantizationVariant]:
    """Yield each once: what is configured stands for the way that it is, under both names."""
    first, *others = found
    same = [way.name for way in others if way.settings == first.settings]
    yield QuantizationVariant(f"{same[0]} (as configured)" if same else first.name, first.settings)
    yield from (way for way in others if way.settings != first.settings)


def compare_quantizers(session: Session, model: str, spec: CorpusSpec) -> tuple[QuantizedVariant, ...]:
    """Quantize a model in each way, evaluate what comes of it, and time it in turns with the FP16 IR."""
    asked = ways(session.config.settings_of(model))
    return tuple(_quantized(session, model, spec, way) for way in session.progress(asked, f"ways to quantize {model}"))


def _quantized(session: Session, model: str, spec: CorpusSpec, way: QuantizationVariant) -> QuantizedVariant:
    ir = session.models.quantized(model, way.settings)
    variant = session.models.variant_of(model, ir, subject=way.name)
    return QuantizedVariant(
        way,
        ir,
        session.evaluations.of(variant, spec),
        graph_counts(variant.path),
        session.models.executed(model, variant.path).int8_share,
        time_irs(session, variant, session.variant(model, "fp16"), spec),
    )


def time_irs(session: Session, variant: Variant, other: Variant, spec: CorpusSpec) -> Paired:
    """Time an IR interleaved with another one, on the first seconds of a corpus."""
    settings = session.config.settings_of(variant.model).quantizer_study
    batch = session.evaluations.excerpt(variant.model, spec, settings.timed_s)[None]
    fast, slow = (session.recognizers.compile(one) for one in (variant, other))
    rule = PairedRule(budget_s=settings.timing_s)
    return time_pair(Side(lambda: fast.logits(batch)), Side(lambda: slow.logits(batch)), rule, is_open(None))
