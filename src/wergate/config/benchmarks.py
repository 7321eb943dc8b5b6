"""The section `[benchmarks]`: timed models and durations, time budgets, and thresholds of speed and memory."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat

from wergate.config.base import Decibels, Fraction, Gigabytes, Kib, Precision, Ratio, Section


class MemoryGrowthSettings(Section):
    """Growth of resident memory over inferences of one length.

    Attributes:
        skip_models: models that are not measured, unless the command line names them.
        max_kib: largest growth in KiB per inference.
        budget_s: time limit per compiled model.
        windows: largest number of windows of inferences, each twice as long as the one before.
        duration_s: seconds of speech per inference.
    """

    skip_models: list[str] = Field(default_factory=list)
    max_kib: Kib
    budget_s: PositiveFloat
    windows: int = Field(ge=2)
    duration_s: PositiveFloat


class NoiseSettings(Section):
    """Limits beyond which a timed run is reported as noisy; all are fractions.

    Attributes:
        steal_max: share of the CPUs' time that the hypervisor takes.
        others_max: share of the CPUs' time that other processes use.
        drift_max: relative difference between the medians of the second and the first half.
        mode_gap_min: smallest relative distance at which two speeds count as two modes.
    """

    steal_max: Fraction
    others_max: Fraction
    drift_max: Ratio
    mode_gap_min: Ratio


class PairedTimingSettings(Section):
    """Interleaved timing of two recognizers, for a ratio of their speeds.

    Attributes:
        durations_s: seconds of speech per timed inference, one ratio for each.
        budget_s: time limit of a ratio; as in `wergate.timing.paired.PairedRule`.
        open_budget_factor: an undecided ratio may take this many times `budget_s`.
        open_width_min: width of an interval, relative to its lower bound, up to which it gets no larger budget.
        blocks_min: smallest number of blocks of four calls; as in `PairedRule`.
        compilations_min: smallest number of compilations of each side; as in `PairedRule`.
        load_difference_max: largest difference in load between the sides of a block; as in `PairedRule`.
        confidence: confidence level of the interval of the ratio; as in `PairedRule`.
    """

    durations_s: list[PositiveFloat] = Field(min_length=1)
    budget_s: PositiveFloat
    open_budget_factor: float = Field(ge=1)
    open_width_min: float = Field(ge=0, le=100)
    blocks_min: int = Field(ge=4)
    compilations_min: int = Field(ge=3)
    load_difference_max: Ratio
    confidence: float = Field(gt=0.5, lt=1)


class DuelSettings(Section):
    """Two sides in processes of their own, on request: `wergate duel A B`.

    Attributes:
        duration_s: seconds of speech per timed call.
        slower_max: largest accepted rise of the time from A to B, a fraction.
        pairs: pairs of processes before the first look at the verdict.
        blocks_min: blocks of four calls in all pairs before that look.
        budget_s: seconds for a clear verdict; as in `wergate.timing.paired.PairedRule`.
        open_budget_factor: an undecided duel may take this many times `budget_s`.
        confidence: confidence level of the interval, over all looks at it.
        patience_s: longest time of one answer of a side, in seconds.
    """

    duration_s: PositiveFloat
    slower_max: Ratio
    pairs: int = Field(ge=3)
    blocks_min: int = Field(ge=4)
    budget_s: PositiveFloat
    open_budget_factor: float = Field(ge=1)
    confidence: float = Field(gt=0.5, lt=1)
    patience_s: PositiveFloat


class LengthGrowthSettings(Section):
    """Growth of resident memory per previously unseen input length.

    Attributes:
        lengths: number of distinct lengths to measure, in two passes; half as many others run before as warm-up.
        calls: number of lengths between two readings of the memory.
        max_kib_per_length: largest growth in KiB per length; the whole interval of the slope is compared with it.
        confidence: confidence level of that interval.
    """

    lengths: int = Field(ge=200, multiple_of=2)
    calls: int = Field(ge=1, le=10)
    max_kib_per_length: Kib
    confidence: float = Field(gt=0.5, lt=1)


class PeerRaceSettings(Section):
    """Comparison of OpenVINO with other engines, which runs on request.

    Attributes:
        models: models to run.
        names: peers that take part, from `wergate.studies.peers.catalog.PEERS`; all if empty.
        utterances: number of durations to draw for the throughput.
        seed: seed of the sample of durations.
        rounds: number of rounds; as in `wergate.studies.peers.race.RaceRule`.
        calls: number of timed calls in a turn; as in `RaceRule`.
        block: number of utterances in a turn; as in `RaceRule`.
        sqnr_db_min: smallest SQNR in dB of each timed utterance's logits, by arithmetic of the peer.
    """

    models: list[str]
    names: list[str] = Field(default_factory=list)
    utterances: int = Field(gt=0)
    seed: int = Field(ge=0)
    rounds: int = Field(gt=0)
    calls: int = Field(gt=0)
    block: int = Field(gt=0)
    sqnr_db_min: dict[Literal["f32", "bf16", "int8"], Decibels]


class Int8RateSettings(Section):
    """Smallest speed-up of INT8 over another recognizer, by model; it is not gated for models that are not listed."""

    int8_over_fp16_min: dict[str, Ratio] = Field(default_factory=dict)
    int8_over_reference_min: dict[str, Ratio] = Field(default_factory=dict)


class BenchmarkSettings(Int8RateSettings):
    """Benchmarks of every recognizer at every duration, for every model.

    Attributes:
        models: models to time.
        full_size_models: models that are timed only where `--full-size` asks for them.
        peak_gb_max: largest resident memory of a process of a run that times a model, in GB, by model; a run with
            another model is not gated.
        durations_s: seconds of speech per timed inference.
        throughput_utterances: number of utterances to time the throughput on.
        audio_wait_max: largest share of an evaluation's time spent waiting for decoded audio.
        sqnr_db_min: smallest SQNR in dB of a timed inference's logits, by precision; without one, the threshold
            of the corpora applies.
        int8_sqnr_db_min_by_model: replaces `sqnr_db_min` of INT8 for single models.
        without_vnni: speed-ups of INT8 on CPUs without 8-bit dot products.
        fp16_over_reference_min: smallest speed-up of FP16 over the reference model, by model.
        baseline_speed_min: smallest speed-up of the current build over the baseline's build.
        paired: interleaved timing of two recognizers.
        duel: two sides in processes of their own.
        memory: growth of resident memory over inferences of one length.
        noise: limits beyond which a timed run is noisy.
        peers: comparison with other engines.
        growth: growth of resident memory per unseen input length.
    """

    models: list[str]
    full_size_models: list[str] = Field(default_factory=list)
    peak_gb_max: dict[str, Gigabytes] = Field(default_factory=dict)
    durations_s: list[PositiveFloat]
    throughput_utterances: int = Field(gt=0)
    audio_wait_max: float = Field(gt=0, le=1)
    sqnr_db_min: dict[Precision, Decibels] = Field(default_factory=dict)
    int8_sqnr_db_min_by_model: dict[str, Decibels] = Field(default_factory=dict)
    without_vnni: Int8RateSettings = Int8RateSettings()
    fp16_over_reference_min: dict[str, Ratio] = Field(default_factory=dict)
    baseline_speed_min: Ratio
    paired: PairedTimingSettings
    duel: DuelSettings
    memory: MemoryGrowthSettings
    noise: NoiseSettings
    peers: PeerRaceSettings
    growth: LengthGrowthSettings

    def speedup_min(self, model: str, *, fast: Precision, slow: str, dot_products: bool) -> float | None:
        """Return the smallest accepted speed-up of one recognizer over another, or None if it is not gated.

        Args:
            model: name of the model.
            fast: precision of the faster recognizer.
            slow: "fp16", or any other name for the reference model.
            dot_products: True if the CPU has 8-bit dot products.
        """
        if fast == slow:
            return None
        if fast == "fp16":
            return self.fp16_over_reference_min.get(model)
        rates = self if dot_products else self.without_vnni
        return (rates.int8_over_fp16_min if slow == "fp16" else rates.int8_over_reference_min).get(model)
