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

    `layers` are the layers that accuracy control reverted. The WERs are those on the tuning utterances.
    `speed` is the speed-up over the ordinary INT8 IR. `toml` is the layers as an ignored scope, which makes the search
    unnecessary.
    """

    model: str
    key: str
    max_drop: float
    utterances: list[str]
    fp16_wer: float | None
    int8_wer: float | None
    tuned_wer: float | None
    validations: int
    layers: list[str]
    build_s: float
    plain_build_s: float
    speed: float
    speed_interval: IntervalRow
    toml: str


def quantizer_row(found: QuantizedVariant, *, model: str) -> QuantizerRow:
    """Return the row of a quantization variant."""
    return QuantizerRow(
        model=model,
        corpus=found.evaluation.corpus,
        name=found.quantization.name,
        quantizer=found.quantization.settings.quantizer,
        key=found.ir.key,
        reference=word_error_row(found.evaluation.reference.total),
        candidate=word_error_row(found.evaluation.candidate.total),
        logits=logits_row(found.evaluation.logits),
        fake_quantize=found.counts.fake_quantize,
        int8_weights=found.counts.int8_weights,
        bytes=found.counts.bytes,
        build_s=found.ir.build_seconds,
        int8_work=found.int8_work,
        speed=found.speed.ratio,
        speed_interval=_interval(found.speed),
    )


def reverted_row(found: RevertedLayers, settings: ModelSettings) -> RevertedRow:
    """Return the row of the layers that accuracy control reverted."""
    tuning = found.tuning
    return RevertedRow(
        model=settings.name,
        key=found.ir.key,
        max_drop=settings.accuracy_control.max_drop,
        utterances=list(tuning.utterances),
        fp16_wer=finite(tuning.fp16_wer),
        int8_wer=finite(tuning.int8_wer),
        tuned_wer=finite(tuning.tuned_wer),
        validations=tuning.validations,
        layers=list(found.layers),
        build_s=found.ir.build_seconds,
        plain_build_s=found.plain.build_seconds,
        speed=found.speed.ratio,
        speed_interval=_interval(found.speed),
        toml=toml(settings, found.layers) if found.layers else "",
    )


def _interval(found: Paired) -> IntervalRow:
    interval = found.interval
    return IntervalRow(low=finite(interval.low), high=finite(interval.high), confidence=interval.confidence)
