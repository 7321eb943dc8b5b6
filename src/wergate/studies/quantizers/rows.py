"""Result rows of the quantization variants, and of the layers that accuracy control reverted."""

from __future__ import annotations

from wergate.config.models import ModelSettings
from wergate.evaluation.rows import IntervalRow, LogitsRow, ResultRow, WordErrorRow, finite, logits_row, word_error_row
from wergate.studies.quantizers.accuracy_control import RevertedLayers
from wergate.studies.quantizers.study import QuantizedVariant
from wergate.studies.sensitivity.scope import toml
from wergate.timing.paired import Paired


class QuantizerRow(ResultRow):
    """A quantization variant of a model on a corpus; `speed` is the speed-up over the FP16 IR, timed interleaved."""

    model: str
    corpus: str
    name: str
    quantizer: str
    key: str
    reference: WordErrorRow
    candidate: WordErrorRow
    logits: LogitsRow
    fake_quantize: int
    int8_weights: int
    bytes: int
    build_s: float
    int8_work: float
    speed: float
    speed_interval: IntervalRow


class RevertedRow(ResultRow):
    """A model whose quantizer is accuracy control, compared with the same model without accuracy control.

    `layers` are the layers that accuracy control reverted, and `types` their operation types. The WERs and SQNRs are
    those on the tuning utterances. `speed` is the speed-up over the ordinary INT8 IR. `toml` is the layers as an
    ignored scope, which makes the search unnecessary, with the thresholds in `limits` that it makes necessary.
    """

    model: str
    key: str
    max_drop: float
    utterances: list[str]
    fp16_wer: float | None
    int8_wer: float | None
    tuned_wer: float | None
    int8_sqnr_db: float | None
    tuned_sqnr_db: float | None
    validations: int
    layers: list[str]
    types: list[str]
    limits: dict[str, float]
    build_s: float
    plain_build_s: float
    speed: float
    speed_interval: IntervalRow
    toml: str


def quantizer_row(quantized: QuantizedVariant, *, model: str) -> QuantizerRow:
    """Return the row of a quantization variant."""
    return QuantizerRow(
        model=model,
        corpus=quantized.evaluation.corpus,
        name=quantized.quantization.name,
        quantizer=quantized.quantization.settings.quantizer,
        key=quantized.ir.key,
        reference=word_error_row(quantized.evaluation.reference.total),
        candidate=word_error_row(quantized.evaluation.candidate.total),
        logits=logits_row(quantized.evaluation.logits),
        fake_quantize=quantized.counts.fake_quantize,
        int8_weights=quantized.counts.int8_weights,
        bytes=quantized.counts.bytes,
        build_s=quantized.ir.build_seconds,
        int8_work=quantized.int8_work,
        speed=quantized.speed.ratio,
        speed_interval=_interval(quantized.speed),
    )


def reverted_row(reverted_layers: RevertedLayers, settings: ModelSettings) -> RevertedRow:
    """Return the row of the layers that accuracy control reverted."""
    tuning = reverted_layers.tuning
    return RevertedRow(
        model=settings.name,
        key=reverted_layers.ir.key,
        max_drop=settings.accuracy_control.max_drop,
        utterances=list(tuning.utterances),
        fp16_wer=finite(tuning.fp16_wer),
        int8_wer=finite(tuning.int8_wer),
        tuned_wer=finite(tuning.tuned_wer),
        int8_sqnr_db=finite(tuning.int8_sqnr_db),
        tuned_sqnr_db=finite(tuning.tuned_sqnr_db),
        validations=tuning.validations,
        layers=list(reverted_layers.layers),
        types=list(reverted_layers.layers.values()),
        limits=dict(reverted_layers.limits),
        build_s=reverted_layers.ir.build_seconds,
        plain_build_s=reverted_layers.plain.build_seconds,
        speed=reverted_layers.speed.ratio,
        speed_interval=_interval(reverted_layers.speed),
        toml=toml(settings, list(reverted_layers.layers), reverted_layers.limits) if reverted_layers.layers else "",
    )


def _interval(paired: Paired) -> IntervalRow:
    interval = paired.interval
    return IntervalRow(low=finite(interval.low), high=finite(interval.high), confidence=interval.confidence)
