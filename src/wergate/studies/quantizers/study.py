"""Quantization variants of one model, compared on one corpus."""

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
from wergate.timing.calls import Side
from wergate.timing.gates import is_open
from wergate.timing.paired import Paired, PairedRule, time_pair


@dataclass(frozen=True)
class QuantizationVariant:
    """Settings to quantize a model with, and their name in the table."""

    name: str
    settings: ModelSettings


@dataclass(frozen=True)
class QuantizedVariant:
    """A model quantized with one variant's settings.

    Attributes:
        quantization: the settings.
        ir: the IR.
        evaluation: the evaluation against the reference model.
        counts: counts of the IR's graph.
        int8_work: share of the multiply-accumulates that run in 8 bit.
        speed: speed-up over the FP16 IR, timed interleaved.
    """

    quantization: QuantizationVariant
    ir: Artifact
    evaluation: Evaluation
    counts: GraphCounts
    int8_work: float
    speed: Paired


def quantization_variants(settings: ModelSettings) -> tuple[QuantizationVariant, ...]:
    """Return the variants to compare: the model's own settings first, then those with one setting changed each."""
    plain = settings.quantization.model_copy(update={"smooth_quant": True, "bias_correction": True})
    performance = plain.model_copy(update={"preset": "performance"})
    changes: tuple[tuple[str, QuantizerName, QuantizationSettings], ...] = (
        ("performance", "nncf", performance),
        ("mixed", "nncf", performance.model_copy(update={"preset": "mixed"})),
        ("without SmoothQuant", "nncf", performance.model_copy(update={"smooth_quant": False})),
        ("without bias correction", "nncf", performance.model_copy(update={"bias_correction": False})),
        ("accuracy control", "nncf-accuracy-control", performance),
        ("int8-weights", "int8-weights", performance),
    )
    variants = [QuantizationVariant("as configured", settings), *(_changed(settings, *change) for change in changes)]
    return tuple(_distinct(variants))


def _changed(
    settings: ModelSettings, name: str, quantizer: QuantizerName, quantization: QuantizationSettings
) -> QuantizationVariant:
    return QuantizationVariant(name, settings.model_copy(update={"quantizer": quantizer, "quantization": quantization}))


def _distinct(variants: list[QuantizationVariant]) -> Iterator[QuantizationVariant]:
    """Yield each variant once. If the configured settings equal another variant, one row has both names."""
    first, *others = variants
    same = [variant.name for variant in others if variant.settings == first.settings]
    yield QuantizationVariant(f"{same[0]} (as configured)" if same else first.name, first.settings)
    yield from (variant for variant in others if variant.settings != first.settings)


def compare_quantizers(session: Session, model: str, spec: CorpusSpec) -> tuple[QuantizedVariant, ...]:
    """Quantize a model with each variant, evaluate the result, and time it interleaved with the FP16 IR."""
    variants = quantization_variants(session.config.settings_of(model))
    counted = session.progress(variants, f"quantization variants of {model}")
    return tuple(_quantized(session, model, spec, quantization) for quantization in counted)


def _quantized(session: Session, model: str, spec: CorpusSpec, quantization: QuantizationVariant) -> QuantizedVariant:
    ir = session.models.quantized(model, quantization.settings)
    variant = session.models.variant_of(model, ir, subject=quantization.name)
    return QuantizedVariant(
        quantization,
        ir,
        session.evaluations.of(variant, spec),
        graph_counts(variant.path),
        session.models.executed(model, variant.path).int8_share,
        time_irs(session, variant, session.variant(model, "fp16"), spec),
    )


def time_irs(session: Session, variant: Variant, other: Variant, spec: CorpusSpec) -> Paired:
    """Time a variant interleaved with another one, on the first seconds of a corpus."""
    settings = session.config.settings_of(variant.model).quantizer_study
    batch = session.evaluations.excerpt(variant.model, spec, settings.timed_s)[None]
    fast, slow = (session.recognizers.compile(each) for each in (variant, other))
    rule = PairedRule(budget_s=settings.timing_s)
    return time_pair(Side(lambda: fast.logits(batch)), Side(lambda: slow.logits(batch)), rule, is_open(None))
