"""The section `[thresholds]`: what each precision is held to."""

from __future__ import annotations

from wergate.config.base import Fraction, Precision, Section

ALWAYS_GATED = ("length_ratio_min", "length_ratio_max")  # the suite's own hold where one's own thresholds lack them


class Thresholds(Section):
    """Thresholds of one precision; what is absent is reported but not gated.

    WER and rates are fractions. `wer_drop_max` is quantized minus reference model, absolute.
    A rise is of a rate, candidate minus reference recognizer: what docs/error-shape.md tells of.
    No 8-bit work is demanded and no frame is a near-tie where nothing is said of them.
    """

    wer_drop_max: Fraction
    mismatch_rate_max: Fraction
    max_abs_delta_max: float | None = None
    mean_abs_delta_max: float | None = None
    sqnr_db_min: float | None = None
    argmax_agreement_min: Fraction | None = None
    length_delta_max: float
    size_ratio_max: float
    int8_work_min: Fraction = 0.0
    weight_error_max: Fraction | None = None
    near_tie_margin: float = 0.0
    deletion_rise_max: Fraction | None = None
    insertion_rise_max: Fraction | None = None
    cer_rise_max: Fraction | None = None
    range_wer_rise_max: Fraction | None = None
    length_ratio_min: Fraction
    length_ratio_max: Fraction
    worse_rate_max: Fraction | None = None
    worst_utterance_rise_max: Fraction | None = None
    worst_sqnr_db_min: float | None = None
    bucket_mismatch_rate_max: Fraction | None = None
    bucket_sqnr_db_min: float | None = None


class ThresholdsByPrecision(Section):
    """Gates by precision; a candidate is held to those of int8 where its graph is quantized, else to those of fp16.

    `reference_wer_max` is of the reference recognizer itself: beyond it, model, audio and transcripts are no match.
    """

    fp16: Thresholds
    int8: Thresholds
    reference_wer_max: Fraction | None = None

    def of(self, precision: Precision) -> Thresholds:
        """Return the gates of one precision."""
        return self.fp16 if precision == "fp16" else self.int8
