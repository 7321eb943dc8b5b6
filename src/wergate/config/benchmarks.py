"""The section `[benchmarks]`: what is timed, for how long, and what a ratio must reach."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat

from wergate.config.base import Precision, Section


class MemoryGrowthSettings(Section):
    """How much resident memory an inference may leave behind, and how long the suite may look for it.

    `max_kib` is per inference; `budget_s` is per compiled model, in at most that many `windows` of inferences, each
    twice as long as the one before; `duration_s` is the speech of one inference. `skip_models` are not looked at,
    unless the command line names them.
    """

    skip_models: list[str] = Field(default_factory=list)
    max_kib: PositiveFloat
    budget_s: PositiveFloat
    windows: int = Field(ge=2)
    duration_s: PositiveFloat


class NoiseSettings(Section):
    """What makes a timed run a noisy one; all are fractions.

    `steal_max` and `others_max` are shares of the CPUs' time; `drift_max` is the second half's median over the first's;
    `mode_gap_min` is how far apart two speeds must be to be told.
    """

    steal_max: float = Field(ge=0, le=1)
    others_max: float = Field(ge=0, le=1)
    drift_max: float = Field(gt=0)
    mode_gap_min: float = Field(gt=0)


class PairedTimingSettings(Section):
    """How long two sides take turns before a ratio is judged: the fields of `wergate.timing.paired.PairedRule`.

    `durations_s` are those of the speech.
    """

    durations_s: list[PositiveFloat] = Field(min_length=1)
    budget_s: PositiveFloat
    blocks_min: int = Field(ge=4)
    confidence: float = Field(gt=0.5, lt=1)


class LengthGrowthSettings(Section):
    """How much resident memory a length that was never met before may leave behind, over distinct lengths.

    Attributes:
        lengths: distinct ones that are judged, in two passes; half as many are run before.
        calls: lengths between two readings.
        max_kib_per_length: by the whole interval of the slope.
    """

    lengths: int = Field(ge=200, multiple_of=2)
    calls: int = Field(ge=1, le=10)
    max_kib_per_length: PositiveFloat
    confidence: float = Field(gt=0.5, lt=1)


class PeerRaceSettings(Section):
    """Other engines beside OpenVINO, on request: which models, on how much speech, and how right they must be.

    Attributes:
        names: peers that take part, as `wergate.studies.peers.catalog.PEERS` has them; all where nothing is said.
        utterances, seed: how many durations are drawn for the throughput, and which.
        rounds, calls, block: the fields of `wergate.studies.peers.race.RaceRule`.
        sqnr_db_min: what the logits of every timed run, utterance by utterance, are held to, by arithmetic.
    """

    models: list[str]
    names: list[str] = Field(default_factory=list)
    utterances: int = Field(gt=0)
    seed: int = Field(ge=0)
    rounds: int = Field(gt=0)
    calls: int = Field(gt=0)
    block: int = Field(gt=0)
    sqnr_db_min: dict[Literal["f32", "bf16", "int8"], float]


class Int8RateSettings(Section):
    """How many times as fast INT8 must be as another recognizer, by model; one that is not named is reported only."""

    int8_over_fp16_min: dict[str, float] = Field(default_factory=dict)
    int8_over_reference_min: dict[str, float] = Field(default_factory=dict)


class BenchmarkSettings(Int8RateSettings):
    """What is timed: every recognizer, at every duration, for every model.

    `sqnr_db_min` is what a timed inference's logits are held to, by precision; without one the corpora's threshold is.
    Speed-ups are gated by model, where there is a threshold; `without_vnni` has INT8's on CPUs that have no 8-bit dot
    products. `baseline_speed_min` is how many times as fast as the
    baseline's build today's must be. `audio_wait_max` is the share of an evaluation that may be
    spent waiting for audio.
    """

    models: list[str]
    durations_s: list[PositiveFloat]
    throughput_utterances: int = Field(gt=0)
    audio_wait_max: float = Field(gt=0, le=1)
    sqnr_db_min: dict[Precision, float] = Field(default_factory=dict)
    int8_sqnr_db_min_by_model: dict[str, float] = Field(default_factory=dict)
    without_vnni: Int8RateSettings = Int8RateSettings()
    fp16_over_reference_min: dict[str, float] = Field(default_factory=dict)
    baseline_speed_min: float = Field(gt=0)
    paired: PairedTimingSettings
    memory: MemoryGrowthSettings
    noise: NoiseSettings
    peers: PeerRaceSettings
    growth: LengthGrowthSettings

    def speedup_min(self, model: str, *, fast: Precision, slow: str, dot_products: bool) -> float | None:
        """Return how many times as fast one recognizer of a model must be as another; None where nothing is demanded.

        Args:
            fast: whose thresholds the faster one is held to.
            slow: "fp16", or any other name for the reference model.
            dot_products: whether the CPU has them for 8 bit.
        """
        if fast == slow:
            return None
        if fast == "fp16":
            return self.fp16_over_reference_min.get(model)
        rates = self if dot_products else self.without_vnni
        return (rates.int8_over_fp16_min if slow == "fp16" else rates.int8_over_reference_min).get(model)
