"""Ways of quantizing, and what accuracy control took back, as rows of the results."""

from __future__ import annotations

from wergate.config.models import ModelSettings
from wergate.evaluation.rows import IntervalRow, finite, logits_row, word_error_row
from wergate.quantizer_study import Quantized
from wergate.results import QuantizerRow, RevertedRow
from wergate.reverted import Reverted
from wergate.scope import toml
from wergate.timing.paired import Paired


def quantizer_row(found: Quantized, *, model: str) -> QuantizerRow:
    """Return the row of a way of quantizing."""
    return QuantizerRow(
        model=model,
        corpus=found.evaluation.corpus,
        name=found.way.name,
        quantizer=found.way.settings.quantizer,
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


def reverted_row(found: Reverted, settings: ModelSettings) -> RevertedRow:
    """Return the row of what accuracy control took back."""
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
