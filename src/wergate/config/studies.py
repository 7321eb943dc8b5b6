"""The sections of the studies, which run on request."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat

from wergate.config.base import Decibels, Fraction, Isa, Section


class CalibrationStudySettings(Section):
    """Dependence of INT8 on the choice of its calibration utterances; a range is the largest minus the smallest value.

    Attributes:
        subsets: number of calibration subsets.
        subset_size: number of utterances in each subset.
        seed: seed of the subsets.
        wer_range_max: largest range of the word error rate, as a fraction.
        sqnr_db_range_max: largest range of the SQNR in dB.
    """

    subsets: int = Field(ge=2)
    subset_size: int = Field(gt=0, le=300)
    seed: int = Field(ge=0)
    wer_range_max: Fraction
    sqnr_db_range_max: float = Field(ge=0, le=200)


class PortabilitySettings(Section):
    """Accuracy of INT8 on other instruction sets, and builds with other overflow fixes.

    Attributes:
        wer_loss_max: largest rise of the WER compared with the native instruction set, absolute.
        wer_loss_max_by_isa: replaces `wer_loss_max` for single instruction sets.
        overflow_fixes: when to build INT8 with each setting of `quantization.overflow_fix`, to measure its cost:
            after a "failure", "always" or "never".
        timing_s: seconds of interleaved inference to measure the speed of these builds.
        patience_s: seconds to wait for one answer of a process with another instruction set.
    """

    wer_loss_max: Fraction
    wer_loss_max_by_isa: dict[Isa, Fraction] = Field(default_factory=dict)
    overflow_fixes: Literal["failure", "always", "never"]
    timing_s: PositiveFloat
    patience_s: PositiveFloat

    def loss_max(self, isa: Isa) -> Fraction:
        """Return the largest accepted rise of the WER on one instruction set."""
        return self.wer_loss_max_by_isa.get(isa, self.wer_loss_max)


class SensitivitySettings(Section):
    """Ranking of layers by the accuracy that their quantization costs.

    Attributes:
        sample_utterances: number of utterances of the calibration corpus to rank layers on.
        search_utterances: number of utterances of the model's first corpus to count word errors on, at most half of it.
        wer_layers: number of the worst layers to count word errors for.
        seed: seed of the sample of utterances.
        restored_sqnr_db_min: smallest SQNR in dB, against the reference model, of the variant with all layers restored
            to floating point; below it the layers were restored wrongly, and the ranking is meaningless.
    """

    sample_utterances: int = Field(gt=0)
    search_utterances: int = Field(gt=0)
    wer_layers: int = Field(ge=0)
    seed: int = Field(ge=0)
    restored_sqnr_db_min: Decibels


class QuantizerStudySettings(Section):
    """Interleaved timing of each quantizer's IR and the FP16 IR.

    Attributes:
        timed_s: seconds of speech per inference.
        timing_s: seconds of timing for each quantizer.
    """

    timed_s: PositiveFloat
    timing_s: PositiveFloat
