"""The sections of the studies that run on request."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat

from wergate.config.base import Fraction, Isa, Section


class CalibrationStudySettings(Section):
    """How much it matters which utterances INT8 is calibrated on; a range is the largest minus the smallest figure."""

    subsets: int = Field(ge=2)
    subset_size: int = Field(gt=0, le=300)
    seed: int = Field(ge=0)
    wer_range_max: Fraction = Field(ge=0)
    sqnr_db_range_max: float = Field(ge=0)


class PortabilitySettings(Section):
    """What INT8 may lose on another instruction set, and what is tried where it loses more.

    Attributes:
        wer_loss_max: absolute, against the native instruction set; `wer_loss_max_by_isa` wins over it.
        overflow_fixes: when INT8 is built with each setting of `quantization.overflow_fix`, to tell what it costs.
        timing_s: inference that the speed of each of these is told by, in turns.
        patience_s: that a process may take for an answer.
    """

    wer_loss_max: Fraction = Field(ge=0)
    wer_loss_max_by_isa: dict[Isa, Fraction] = Field(default_factory=dict)
    overflow_fixes: Literal["failure", "always", "never"]
    timing_s: PositiveFloat
    patience_s: PositiveFloat

    def loss_max(self, isa: Isa) -> Fraction:
        """Return the tolerance of one instruction set."""
        return self.wer_loss_max_by_isa.get(isa, self.wer_loss_max)


class SensitivitySettings(Section):
    """Which layers cost accuracy: how many utterances they are ranked on, and how many words are counted on.

    `sample_utterances` are of the calibration corpus, `search_utterances` of the model's first corpus, half of it at
    most; words are counted for the `wer_layers` worst. `restored_sqnr_db_min` is how near to the FP16 IR the variant
    must come with all its layers in floating point: else they were put back wrong, and the ranking means nothing.
    """

    sample_utterances: int = Field(gt=0)
    search_utterances: int = Field(gt=0)
    wer_layers: int = Field(ge=0)
    seed: int = Field(ge=0)
    restored_sqnr_db_min: float


class QuantizerStudySettings(Section):
    """How long each way of quantizing takes turns with the FP16 IR, and on how many seconds of speech."""

    timed_s: PositiveFloat
    timing_s: PositiveFloat
