"""The sections of suite.toml: what a model, a corpus, a quantization or a gate can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

Precision = Literal["fp16", "int8"]
InferencePrecision = Literal["f32", "bf16"]
Isa = Literal["native", "avx512_vnni", "avx512", "avx2_vnni", "avx2", "avx"]
OverflowFix = Literal["enable", "first_layer_only", "disable"]
Shapes = Literal["buckets", "dynamic"]
Units = Literal["letters", "subwords", "phonemes"]
Normalizer = Literal["none", "upper", "basic", "english"]
QuantizerName = Literal["nncf", "nncf-accuracy-control", "int8-weights", "pot", "pot-accuracy-aware"]
Aggregator = Literal["min", "max", "mean", "median"]
Fraction = float


class Section(BaseModel):
    """A table that knows its keys, holds finite numbers and is never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Gates(Section):
    """Thresholds of one precision; what is absent is reported but not gated.

    WER and rates are fractions. `wer_drop_max` is quantized minus reference model, absolute.
    A rise is of a rate, candidate minus reference recognizer: what docs/error-shape.md tells of.
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
    length_ratio_min: Fraction = 0.9
    length_ratio_max: Fraction = 1.1
    worse_rate_max: Fraction | None = None
    worst_utterance_rise_max: Fraction | None = None
    worst_sqnr_db_min: float | None = None
    bucket_mismatch_rate_max: Fraction | None = None
    bucket_sqnr_db_min: float | None = None


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

    most: int = Field(default=12, ge=1)
    memory_gb: PositiveFloat = 8.0
    compiling_s: PositiveFloat = 10.0
    longest_s: PositiveFloat = 40.0
    probe_sqnr_db_min: float = 20.0
    compared_utterances: int = Field(default=16, ge=1)
    fused: bool = True


class Thresholds(Section):
    """Gates by precision; a candidate is held to those of int8 where its graph is quantized, else to those of fp16.

    `reference_wer_max` is of the reference recognizer itself: beyond it, model, audio and transcripts are no match.
    """

    fp16: Gates
    int8: Gates
    reference_wer_max: Fraction | None = None

    def of(self, precision: Precision) -> Gates:
        """Return the gates of one precision."""
        return self.fp16 if precision == "fp16" else self.int8


class IgnoredScope(Section):
    """Operations that stay in floating point, as NNCF names them in the FP16 IR."""

    names: list[str] = []
    patterns: list[str] = []
    types: list[str] = []


class Quantization(Section):
    """NNCF post-training quantization; the range estimators are those of the tutorial.

    Attributes:
        overflow_fix: which weights keep within seven bits, so that 16-bit sums of two products cannot saturate on CPUs
            without 8-bit dot products (VNNI): all with "enable", those of the first layer, or none with "disable".
        smooth_quant: whether ranges are moved from activations into weights first (Xiao et al., 2023).
        bias_correction: whether biases make up for the mean error of a quantized layer.
    """

    overflow_fix: OverflowFix = "enable"
    preset: Literal["performance", "mixed"] = "performance"
    subset_size: int = Field(default=300, gt=0, le=300)
    min_aggregator: Aggregator = "min"
    max_aggregator: Aggregator = "mean"
    max_quantile_outlier_prob: float = Field(default=1e-4, gt=0, lt=1)
    smooth_quant: bool = True
    bias_correction: bool = True
    ignored_scope: IgnoredScope = IgnoredScope()


class PotScope(Section):
    """Operations that POT leaves in floating point, as the Model Optimizer names them in its IR."""

    names: list[str] = []
    types: list[str] = []


class Pot(Section):
    """What POT is told besides the settings that it shares with NNCF.

    `ranking_subset_size` is how many utterances its accuracy-aware quantization ranks layers on. The rates are of
    transcripts that differ between OpenVINO 2023.3 and today's runtime, of one IR.
    """

    ignored_scope: PotScope = PotScope()
    ranking_subset_size: int = Field(default=300, gt=0)
    benchmark_app_s: int = Field(default=3, gt=0)
    fp16_runtime_mismatch_rate_max: Fraction = 0.0
    int8_runtime_mismatch_rate_max: Fraction = 0.1


class CalibrationStudy(Section):
    """How much it matters which utterances INT8 is calibrated on; a range is the largest minus the smallest figure."""

    subsets: int = Field(default=5, ge=2)
    subset_size: int = Field(default=24, gt=0, le=300)
    seed: int = Field(default=0, ge=0)
    wer_range_max: Fraction = Field(default=0.01, ge=0)
    sqnr_db_range_max: float = Field(default=3.0, ge=0)


class CalibrationAudio(Section):
    """What INT8 may be calibrated on: utterances, seconds, the share of utterances whose level moves as in speech."""

    utterances_min: int = Field(default=10, ge=1)
    audio_s_min: float = Field(default=20.0, ge=0)
    speech_min: Fraction = Field(default=0.9, ge=0, le=1)
    level_range_db_min: float = Field(default=6.0, ge=0)


class AccuracyControl(Section):
    """Quantization with accuracy control: what it is tuned to and on, and what it is then held to elsewhere.

    Drops are of 1 - WER, absolute; `int8_work_min` is the share of the ordinary INT8 model's 8-bit work that is left.
    """

    max_drop: Fraction = Field(default=0.005, ge=0)
    validation_utterances: int = Field(default=40, gt=0)
    seed: int = Field(default=0, ge=0)
    held_out_drop_max: Fraction = 0.01
    int8_work_min: Fraction = Field(default=0.5, ge=0, le=1)


class Portability(Section):
    """What INT8 may lose on another instruction set, and what is tried where it loses more.

    Attributes:
        wer_loss_max: absolute, against the native instruction set; `wer_loss_max_by_isa` wins over it.
        overflow_fixes: when INT8 is built with each setting of `quantization.overflow_fix`, to tell what it costs.
        timing_s: inference that the speed of each of these is told by, in turns.
        patience_s: that a process may take for an answer.
    """

    wer_loss_max: Fraction = Field(default=0.01, ge=0)
    wer_loss_max_by_isa: dict[Isa, Fraction] = {}
    overflow_fixes: Literal["failure", "always", "never"] = "failure"
    timing_s: PositiveFloat = 10.0
    patience_s: PositiveFloat = 600.0

    def loss_max(self, isa: Isa) -> Fraction:
        """Return the tolerance of one instruction set."""
        return self.wer_loss_max_by_isa.get(isa, self.wer_loss_max)


class Sensitivity(Section):
    """Which layers cost accuracy: how many utterances they are ranked on, and how many words are counted on.

    `sample_utterances` are of the calibration corpus, `search_utterances` of the model's first corpus, half of it at
    most; words are counted for the `wer_layers` worst. `restored_sqnr_db_min` is how near to the FP16 IR the variant
    must come with all its layers in floating point: else they were put back wrong, and the ranking means nothing.
    """

    sample_utterances: int = Field(default=8, gt=0)
    search_utterances: int = Field(default=40, gt=0)
    wer_layers: int = Field(default=5, ge=0)
    seed: int = Field(default=0, ge=0)
    restored_sqnr_db_min: float = 50.0


class QuantizerStudy(Section):
    """How long each way of quantizing takes turns with the FP16 IR, and on how many seconds of speech."""

    timed_s: PositiveFloat = 5.0
    timing_s: PositiveFloat = 10.0


class ModelSettings(Section):
    """A model of the suite: `[model.NAME]`, laid over what suite.toml says of all models.

    Attributes:
        name: as tables, test ids and `--model` call it.
        spec: embedded, an id of the hub, a folder, an .onnx file; the name itself where nothing else is said.
        corpora: what it is evaluated on, by name or spec.
        calibration: corpus that INT8 is calibrated on; without one a disjoint part of the first corpus.
        quantizer: what makes the INT8 IR.
        candidates: IRs that were built elsewhere, gated beside our own.
        language: of a multilingual tokenizer and its adapter weights.
        labels, blank, word_delimiter, units, sampling_rate, normalize_audio: what an .onnx file does not tell.
        expected_wer: figures that were printed elsewhere, by recognizer; reported beside the measured ones.
    """

    name: str
    spec: str
    corpora: list[str] = Field(min_length=1)
    calibration: str | None = None
    normalizer: Normalizer = "upper"
    quantizer: QuantizerName = "nncf"
    quantization: Quantization = Quantization()
    pot: Pot = Pot()
    calibration_study: CalibrationStudy = CalibrationStudy()
    calibration_audio: CalibrationAudio = CalibrationAudio()
    accuracy_control: AccuracyControl = AccuracyControl()
    portability: Portability = Portability()
    sensitivity: Sensitivity = Sensitivity()
    quantizer_study: QuantizerStudy = QuantizerStudy()
    thresholds: Thresholds
    candidates: list[str] = []
    language: str | None = None
    labels: str | None = None
    blank: str | None = None
    word_delimiter: str | None = None
    units: Units | None = None
    sampling_rate: int | None = Field(default=None, gt=0)
    normalize_audio: bool | None = None
    expected_wer: dict[Literal["reference", "fp16", "int8"], Fraction] = {}


class CorpusSettings(Section):
    """A corpus of the suite: `[corpus.NAME]`, laid over what suite.toml says of all corpora.

    Attributes:
        spec: an id of the hub, a file or folder; the name itself where nothing else is said.
        columns: names of the columns "audio", "text", "id" and "speaker", where they cannot be found.
        limit: evaluate that many utterances.
        skip_bad: go on without utterances that cannot be read, and count them.
        normalizer: wins over the model's.
    """

    name: str
    spec: str
    columns: dict[Literal["audio", "text", "id", "speaker"], str] = {}
    limit: int | None = Field(default=None, gt=0)
    skip_bad: bool = False
    max_duration_s: PositiveFloat = 600.0
    normalizer: Normalizer | None = None


class MemoryGrowth(Section):
    """How much resident memory an inference may leave behind, and how long the suite may look for it.

    `max_kib` is per inference; `budget_s` is per compiled model, in at most that many `windows` of inferences, each
    twice as long as the one before; `duration_s` is the speech of one inference. `skip_models` are not looked at,
    unless the command line names them.
    """

    skip_models: list[str] = []
    max_kib: PositiveFloat = 1.0
    budget_s: PositiveFloat = 30.0
    windows: int = Field(default=5, ge=2)
    duration_s: PositiveFloat = 1.0


class Noise(Section):
    """What makes a timed run a noisy one; all are fractions.

    `steal_max` and `others_max` are shares of the CPUs' time; `drift_max` is the second half's median over the first's;
    `mode_gap_min` is how far apart two speeds must be to be told.
    """

    steal_max: float = Field(default=0.01, ge=0, le=1)
    others_max: float = Field(default=0.1, ge=0, le=1)
    drift_max: float = Field(default=0.05, gt=0)
    mode_gap_min: float = Field(default=0.05, gt=0)


class PairedTiming(Section):
    """How long two sides take turns before a ratio is judged: the fields of `wergate.paired_timer.PairedRule`.

    `durations_s` are those of the speech.
    """

    durations_s: list[PositiveFloat] = Field(default=[1.0, 5.0], min_length=1)
    budget_s: PositiveFloat = 20.0
    blocks_min: int = Field(default=16, ge=4)
    confidence: float = Field(default=0.99, gt=0.5, lt=1)


class LengthGrowth(Section):
    """How much resident memory a length that was never met before may leave behind, over distinct lengths.

    Attributes:
        lengths: distinct ones that are judged, in two passes; half as many are run before.
        calls: lengths between two readings.
        max_kib_per_length: by the whole interval of the slope.
    """

    lengths: int = Field(default=500, ge=200, multiple_of=2)
    calls: int = Field(default=10, ge=1, le=10)
    max_kib_per_length: PositiveFloat = 100.0
    confidence: float = Field(default=0.99, gt=0.5, lt=1)


class PeerRace(Section):
    """Other engines beside OpenVINO, on request: which models, on how much speech, and how right they must be.

    Attributes:
        names: peers that take part, as `wergate.peers.PEERS` has them; all where nothing is said.
        utterances, seed: how many durations are drawn for the throughput, and which.
        rounds, calls, block: the fields of `wergate.peers.race.RaceRule`.
        sqnr_db_min: what the logits of every timed run, utterance by utterance, are held to, by arithmetic.
    """

    models: list[str] = ["embedded"]
    names: list[str] = []
    utterances: int = Field(default=200, gt=0)
    seed: int = Field(default=9, ge=0)
    rounds: int = Field(default=5, gt=0)
    calls: int = Field(default=3, gt=0)
    block: int = Field(default=20, gt=0)
    sqnr_db_min: dict[Literal["f32", "bf16", "int8"], float] = {"f32": 50.0, "bf16": 20.0, "int8": 10.0}


class Int8Rates(Section):
    """How many times as fast INT8 must be as another recognizer, by model; one that is not named is reported only."""

    int8_over_fp16_min: dict[str, float] = {}
    int8_over_reference_min: dict[str, float] = {}


class Benchmarks(Int8Rates):
    """What is timed: every recognizer, at every duration, for every model.

    `sqnr_db_min` is what a timed inference's logits are held to, by precision; without one the corpora's threshold is.
    Speed-ups are gated by model, where there is a threshold; `without_vnni` has INT8's on CPUs that have no 8-bit dot
    products. `baseline_speed_min` is how many times as fast as the
    baseline's build today's must be. `audio_wait_max` is the share of an evaluation that may be
    spent waiting for audio.
    """

    models: list[str]
    durations_s: list[PositiveFloat]
    throughput_utterances: int = Field(default=32, gt=0)
    audio_wait_max: float = Field(default=0.1, gt=0, le=1)
    sqnr_db_min: dict[Precision, float] = {}
    int8_sqnr_db_min_by_model: dict[str, float] = {}
    without_vnni: Int8Rates = Int8Rates()
    fp16_over_reference_min: dict[str, float] = {}
    baseline_speed_min: float = Field(default=0.975, gt=0)
    paired: PairedTiming = PairedTiming()
    memory: MemoryGrowth = MemoryGrowth()
    noise: Noise = Noise()
    peers: PeerRace = PeerRace()
    growth: LengthGrowth = LengthGrowth()

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
