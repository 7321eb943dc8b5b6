"""The sections on quantization (NNCF, POT, calibration audio, accuracy control) and on buckets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from wergate.config.base import Aggregator, Decibels, Fraction, OrOff, OverflowFix, Section


class BucketSettings(Section):
    """Buckets: a few fixed lengths, chosen from the durations of a corpus, to which its utterances are padded.

    Attributes:
        most: largest number of buckets for one corpus; fewer are used if `memory_gb` does not suffice.
        memory_gb: memory limit of all compiled models together, estimated from the IR's weights and activations.
        compiling_s: seconds of audio whose inference takes as long as loading the compiled model of one bucket.
        longest_s: utterances longer than this many seconds are not padded.
        probe_sqnr_db_min: smallest SQNR in dB between the logits of each stream and those of the dynamic model, for
            one second of audio.
        compared_utterances: number of utterances of each corpus that the dynamic model also transcribes, to compare.
        fused: allow the runtime fusions that it applies to fixed lengths only (docs/studies/padding.md).
    """

    most: int = Field(ge=1)
    memory_gb: PositiveFloat
    compiling_s: PositiveFloat
    longest_s: PositiveFloat
    probe_sqnr_db_min: Decibels
    compared_utterances: int = Field(ge=1)
    fused: bool


class IgnoredScope(Section):
    """Operations of the FP16 IR that stay in floating point.

    Attributes:
        names: names of operations.
        patterns: regular expressions for names of operations.
        types: types of operations, under NNCF's names.
    """

    names: list[str] = Field(default_factory=list)
    patterns: list[str] = Field(default_factory=list)
    types: list[str] = Field(default_factory=list)


class QuantizationSettings(Section):
    """NNCF post-training quantization, with the range estimators of the tutorial.

    Attributes:
        overflow_fix: weights that are limited to seven bits, so that 16-bit sums of two products cannot saturate on
            CPUs without 8-bit dot products (VNNI): all with "enable", those of the first layer with
            "first_layer_only", none with "disable".
        preset: "performance" for symmetric quantization, "mixed" for asymmetric activations.
        subset_size: number of calibration utterances.
        min_aggregator: how the minima of the calibration utterances become the lower end of a range.
        max_aggregator: how the maxima of the calibration utterances become the upper end of a range.
        max_quantile_outlier_prob: share of the largest values to ignore as outliers.
        smooth_quant: first move ranges from activations into weights (Xiao et al., 2023).
        bias_correction: let biases compensate the mean error of a quantized layer.
        attention_sqnr_db_min: smallest SQNR in dB of an attention's result for its second product, of softmax and
            values, to run in 8 bits, for calibration utterances and for 60 seconds of keys; false: none does.
        ignored_scope: operations that stay in floating point.
    """

    overflow_fix: OverflowFix
    preset: Literal["performance", "mixed"]
    subset_size: int = Field(gt=0, le=300)
    min_aggregator: Aggregator
    max_aggregator: Aggregator
    max_quantile_outlier_prob: float = Field(gt=0, lt=1)
    smooth_quant: bool
    bias_correction: bool
    attention_sqnr_db_min: Annotated[Decibels | None, OrOff]
    ignored_scope: IgnoredScope = IgnoredScope()


class PotScope(Section):
    """Operations that POT leaves in floating point.

    Attributes:
        names: names of operations, as the Model Optimizer writes them into its IR.
        types: types of operations.
    """

    names: list[str] = Field(default_factory=list)
    types: list[str] = Field(default_factory=list)


class PotSettings(Section):
    """Settings of POT besides those that it shares with NNCF.

    Attributes:
        ignored_scope: operations that stay in floating point.
        ranking_subset_size: number of utterances on which accuracy-aware quantization ranks layers.
        benchmark_app_s: seconds that OpenVINO's benchmark_app runs each IR.
        fp16_runtime_mismatch_rate_max: largest share of transcripts of one FP16 IR that differ between OpenVINO
            2023.3 and the current runtime.
        int8_runtime_mismatch_rate_max: the same for one INT8 IR.
    """

    ignored_scope: PotScope = PotScope()
    ranking_subset_size: int = Field(gt=0)
    benchmark_app_s: int = Field(gt=0)
    fp16_runtime_mismatch_rate_max: Fraction
    int8_runtime_mismatch_rate_max: Fraction


class CalibrationAudioSettings(Section):
    """Requirements on the audio that INT8 is calibrated on.

    Attributes:
        utterances_min: smallest number of utterances.
        audio_s_min: smallest total duration in seconds.
        speakers_min: smallest number of speakers, where the corpus names them.
        speech_min: smallest share of utterances whose level varies like speech.
        level_range_db_min: smallest variation of the level that counts as speech, in dB.
    """

    utterances_min: int = Field(ge=1, le=300)  # the largest `subset_size`
    audio_s_min: float = Field(ge=0, le=86_400)
    speakers_min: int = Field(ge=1, le=300)
    speech_min: Fraction
    level_range_db_min: float = Field(ge=0, le=100)


class AccuracyControlSettings(Section):
    """Quantization with accuracy control, tuned on one part of a corpus and gated on the rest.

    Attributes:
        max_drop: largest drop of 1 - WER on the validation utterances, absolute; the target of the tuning.
        validation_utterances: number of utterances to tune on.
        validation_wer_max: largest word error rate of the FP16 IR on them; above it, their transcripts do not belong to
            the audio, and nothing is tuned.
        seed: seed of their sample.
        held_out_drop_max: largest drop of 1 - WER on all other utterances, absolute.
        int8_work_min: smallest share of the ordinary INT8 model's 8-bit work that must remain.
    """

    max_drop: Fraction
    validation_utterances: int = Field(gt=0)
    validation_wer_max: Annotated[Fraction | None, OrOff]
    seed: int = Field(ge=0)
    held_out_drop_max: Fraction
    int8_work_min: Fraction
