"""The sections about quantizing: NNCF, POT, calibration audio, accuracy control, buckets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat

from wergate.config.base import Aggregator, Fraction, OverflowFix, Section


class BucketSettings(Section):
    """The fixed lengths that a corpus is padded to; which they are follows from its durations.

    Attributes:
        most: lengths of one corpus, at most; fewer where `memory_gb` has no room.
        memory_gb: what all compiled models may take together, reckoned from the IR's weights and activations.
        compiling_s: seconds of audio whose inference takes as long as loading what was compiled for a bucket.
        longest_s: longer utterances run at their own length.
        probe_sqnr_db_min: what each stream's logits of one second are held to, beside those of the dynamic model.
        compared_utterances: of each corpus, transcribed by the dynamic model too and compared.
        fused: whether the runtime may fuse operations as it does for fixed lengths only (docs/padding.md).
    """

    most: int = Field(ge=1)
    memory_gb: PositiveFloat
    compiling_s: PositiveFloat
    longest_s: PositiveFloat
    probe_sqnr_db_min: float
    compared_utterances: int = Field(ge=1)
    fused: bool


class IgnoredScope(Section):
    """Operations that stay in floating point, as NNCF names them in the FP16 IR."""

    names: list[str] = Field(default_factory=list)
    patterns: list[str] = Field(default_factory=list)
    types: list[str] = Field(default_factory=list)


class QuantizationSettings(Section):
    """NNCF post-training quantization; the range estimators are those of the tutorial.

    Attributes:
        overflow_fix: which weights keep within seven bits, so that 16-bit sums of two products cannot saturate on CPUs
            without 8-bit dot products (VNNI): all with "enable", those of the first layer, or none with "disable".
        smooth_quant: whether ranges are moved from activations into weights first (Xiao et al., 2023).
        bias_correction: whether biases make up for the mean error of a quantized layer.
    """

    overflow_fix: OverflowFix
    preset: Literal["performance", "mixed"]
    subset_size: int = Field(gt=0, le=300)
    min_aggregator: Aggregator
    max_aggregator: Aggregator
    max_quantile_outlier_prob: float = Field(gt=0, lt=1)
    smooth_quant: bool
    bias_correction: bool
    ignored_scope: IgnoredScope = IgnoredScope()


class PotScope(Section):
    """Operations that POT leaves in floating point, as the Model Optimizer names them in its IR."""

    names: list[str] = Field(default_factory=list)
    types: list[str] = Field(default_factory=list)


class PotSettings(Section):
    """What POT is told besides the settings that it shares with NNCF.

    `ranking_subset_size` is how many utterances its accuracy-aware quantization ranks layers on. The rates are of
    transcripts that differ between OpenVINO 2023.3 and today's runtime, of one IR.
    """

    ignored_scope: PotScope = PotScope()
    ranking_subset_size: int = Field(gt=0)
    benchmark_app_s: int = Field(gt=0)
    fp16_runtime_mismatch_rate_max: Fraction
    int8_runtime_mismatch_rate_max: Fraction


class CalibrationAudioSettings(Section):
    """What INT8 may be calibrated on: utterances, seconds, the share of utterances whose level moves as in speech."""

    utterances_min: int = Field(ge=1)
    audio_s_min: float = Field(ge=0)
    speech_min: Fraction = Field(ge=0, le=1)
    level_range_db_min: float = Field(ge=0)


class AccuracyControlSettings(Section):
    """Quantization with accuracy control: what it is tuned to and on, and what it is then held to elsewhere.

    Drops are of 1 - WER, absolute; `int8_work_min` is the share of the ordinary INT8 model's 8-bit work that is left.
    """

    max_drop: Fraction = Field(ge=0)
    validation_utterances: int = Field(gt=0)
    seed: int = Field(ge=0)
    held_out_drop_max: Fraction
    int8_work_min: Fraction = Field(ge=0, le=1)
