"""The section `[thresholds]`, with one table for each precision."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wergate.config.base import Bits, Decibels, Fraction, LogitDifference, OrOff, Precision, Ratio, Section


class Thresholds(Section):
    """Thresholds of one precision; a gate without a threshold is reported but cannot fail.

    In a suite file, `KEY = false` turns off a threshold that would be inherited, unless the key is required.

    Word error rates and other rates are fractions. A drop or a rise is absolute, variant minus reference model.
    `int8_work_min` and `near_tie_margin` default to 0: no 8-bit work is required, and no frame is a near-tie.

    Attributes:
        wer_drop_max: largest drop in accuracy, which is the rise of the word error rate.
        mismatch_rate_max: largest share of utterances with another transcript than the reference model's.
        max_abs_delta_max: largest absolute difference of a logit.
        mean_abs_delta_max: largest mean absolute difference of the logits.
        sqnr_db_min: smallest SQNR of the logits in dB.
        argmax_agreement_min: smallest share of frames with the same best label.
        length_delta_max: largest absolute difference of a logit over random input lengths.
        size_ratio_max: largest size of the IR, relative to the weights of the checkpoint at four bytes a parameter.
        int8_work_min: smallest share of the multiplications in 8 bit.
        weight_error_max: largest error of a weight, relative to its layer's largest weight; what rounding to seven
            bits and to half precision explains does not count.
        range_bits_max: largest deviation of an activation range from what calibration utterances need, in bits: 1 for a
            range that is twice or half as wide.
        near_tie_margin: largest margin in the reference model's logits at which a changed frame is called a near-tie;
            mismatches with no other changes are marked so, which gates nothing.
        deletion_rise_max: largest rise of the rate of deletions; docs/gates/error-shape.md describes this key and the
            following ones.
        insertion_rise_max: largest rise of the rate of insertions.
        cer_rise_max: largest rise of the character error rate.
        range_wer_rise_max: largest rise of the word error rate within one of four ranges of durations.
        length_ratio_min: smallest ratio of characters in the hypotheses to characters in the references.
        length_ratio_max: largest such ratio.
        worse_rate_max: largest share of utterances with more word errors than the reference model's.
        worst_utterance_rise_max: largest rise of a single utterance's word error rate.
        worst_sqnr_db_min: smallest SQNR of a single utterance's logits in dB.
        bucket_mismatch_rate_max: largest share of transcripts that differ between buckets and dynamic shapes.
        bucket_sqnr_db_min: smallest SQNR in dB between the logits of buckets and dynamic shapes.
    """

    wer_drop_max: Fraction
    mismatch_rate_max: Fraction
    max_abs_delta_max: Annotated[LogitDifference | None, OrOff] = None
    mean_abs_delta_max: Annotated[LogitDifference | None, OrOff] = None
    sqnr_db_min: Annotated[Decibels | None, OrOff] = None
    argmax_agreement_min: Annotated[Fraction | None, OrOff] = None
    length_delta_max: LogitDifference
    size_ratio_max: Ratio
    int8_work_min: Fraction = 0.0
    weight_error_max: Annotated[Fraction | None, OrOff] = None
    range_bits_max: Annotated[Bits | None, OrOff] = None
    near_tie_margin: LogitDifference = 0.0
    deletion_rise_max: Annotated[Fraction | None, OrOff] = None
    insertion_rise_max: Annotated[Fraction | None, OrOff] = None
    cer_rise_max: Annotated[Fraction | None, OrOff] = None
    range_wer_rise_max: Annotated[Fraction | None, OrOff] = None
    length_ratio_min: Fraction
    length_ratio_max: float = Field(ge=1, le=100)
    worse_rate_max: Annotated[Fraction | None, OrOff] = None
    worst_utterance_rise_max: Annotated[Fraction | None, OrOff] = None
    worst_sqnr_db_min: Annotated[Decibels | None, OrOff] = None
    bucket_mismatch_rate_max: Annotated[Fraction | None, OrOff] = None
    bucket_sqnr_db_min: Annotated[Decibels | None, OrOff] = None


class ThresholdsByPrecision(Section):
    """The thresholds of both precisions, and of the reference model.

    A candidate is gated by the thresholds of int8 if its graph is quantized, and by those of fp16 otherwise.

    Attributes:
        fp16: thresholds of FP16 IRs.
        int8: thresholds of INT8 IRs.
        reference_wer_max: largest word error rate of the reference model itself; above it, the model, the audio and
            the transcripts do not belong together.
        letter_recall_min: smallest recall of a letter by the reference model, relative to the median letter's; below
            it, a label is in the wrong place of the vocabulary.
    """

    fp16: Thresholds
    int8: Thresholds
    reference_wer_max: Annotated[Fraction | None, OrOff] = None
    letter_recall_min: Annotated[Fraction | None, OrOff] = None

    def of(self, precision: Precision) -> Thresholds:
        """Return the thresholds of one precision."""
        return self.fp16 if precision == "fp16" else self.int8
