"""Machine-readable results: the models that `--results FILE.json` is written from.

`results.schema.json` beside this file is their JSON schema.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from wergate import __version__
from wergate.config.suite import SuiteConfig
from wergate.config.variants import label_of
from wergate.environment import cpu, versions
from wergate.evaluation.rows import IntervalRow, LogitsRow, ResultRow, WordErrorRow
from wergate.gates.error_shape.rows import ShapeRow
from wergate.store import replace_file
from wergate.timing.rows import BenchmarkRow, RatioRow
from wergate.verdict import Kind, Status

SCHEMA_VERSION = 4
SCHEMA_FILE = Path(__file__).with_name("results.schema.json")


class MismatchRow(ResultRow):
    """An utterance that is transcribed differently from the reference model."""

    id: str
    reference_hypothesis: str
    hypothesis: str
    flipped_frames: int
    widest_flip: float
    near_tie: bool


class TokenRow(ResultRow):
    """Errors in units of the labels, where these are not letters; `wer` is then the token error rate."""

    units: str
    reference: WordErrorRow
    candidate: WordErrorRow


class PairedRow(ResultRow):
    """The WER drop, candidate minus reference model on the same utterances, and what chance has to do with it.

    `interval` is by the paired bootstrap over `units` of the kind `unit`, which `speakers` spoke (null where the corpus
    does not say); `improvement` is the share of resamples in which the candidate is better; `segments`, `mean`, `z` and
    the two-sided `p` are of MAPSSWE. What cannot be told is null. `status` is that of the verdict on the drop.
    """

    drop: float | None
    interval: IntervalRow
    improvement: float | None
    resamples: int
    unit: Literal["utterance"]
    units: int
    speakers: int | None
    segments: int
    mean: float
    z: float | None
    p: float | None
    status: Status


class FallbackRow(ResultRow):
    """A layer of a compiled model that does not run in 8 bit, its share of all work, and why that might be."""

    name: str
    kind: str
    primitive: str
    precision: str
    macs: int
    share: float
    reason: str


class ExecutionRow(ResultRow):
    """What a compiled model executes on five seconds; `unseen_macs` are of the IR, and were found in no layer."""

    model: str
    variant: str
    macs: int
    int8_macs: int
    int8_share: float
    unseen_macs: int
    layers: int
    fallbacks: list[FallbackRow]


class ExpectedRow(ResultRow):
    """WERs that suite.toml says were printed elsewhere, for the reference model and for the candidate."""

    reference: float | None
    candidate: float | None


class UnknownRow(ResultRow):
    """Characters of the normalized transcripts that no label can write; transcripts that were left without a word."""

    characters: dict[str, int]
    utterances: int
    emptied_references: int


class EvaluationRow(ResultRow):
    """One variant of one model on one corpus, beside the reference model.

    `engine` is what ran the reference model; `variant` is fp16, int8 or the name of a candidate; `quantizer` is what
    makes the model's INT8 IR; `inference_s` is inference alone, whenever that was; `audio_wait_s` is the part of
    `elapsed_s` that was spent waiting for audio; `resumed` utterances came from an earlier run's transcripts, of which
    `ignored_lines` were of something else.
    """

    model: str
    corpus: str
    variant: str
    quantizer: str
    engine: str
    normalizer: str
    utterances: int
    audio_s: float
    inference_s: float
    elapsed_s: float
    audio_wait_s: float
    resumed: int
    ignored_lines: int
    resume_note: str | None
    reference: WordErrorRow
    candidate: WordErrorRow
    paired: PairedRow
    tokens: TokenRow | None
    expected: ExpectedRow
    logits: LogitsRow
    shape: ShapeRow
    unknown: UnknownRow
    mismatches: list[MismatchRow]
    audio_notes: dict[str, int]

    @property
    def label(self) -> str:
        """How tables call the variant."""
        return label_of(self.variant, self.quantizer)

    @property
    def wer_drop(self) -> float:
        """How much worse the variant's WER is than the reference model's, as a fraction."""
        return (self.candidate.wer or 0.0) - (self.reference.wer or 0.0)


class ModelRow(ResultRow):
    """A reference model: what ran it, its digest, its commit where it came from the hub, what quantized it."""

    model: str
    spec: str
    engine: str
    digest: str
    revision: str | None
    quantizer: str


class SkippedRow(ResultRow):
    """An utterance that was left out, and why."""

    id: str
    reason: str


class CorpusRow(ResultRow):
    """A corpus as a model was evaluated on it: `utterances` of `available` ones, and those that could not be used.

    `revision` is its commit where it came from the hub; `notes` say what else people should know of its origin.
    """

    model: str
    corpus: str
    fingerprint: str
    utterances: int
    available: int
    skipped: list[SkippedRow]
    revision: str | None
    notes: list[str]


class CalibrationRow(ResultRow):
    """What INT8 was calibrated on, by utterance id."""

    model: str
    corpus: str
    utterances: list[str]
    audio_s: float


class SpreadRow(ResultRow):
    """A figure over several models; null where it is not finite. `sd` is the sample's, `range` is max minus min."""

    mean: float | None
    sd: float | None
    min: float | None
    max: float | None
    range: float | None


class CalibrationSubsetRow(ResultRow):
    """INT8 as one calibration subset gave it; `key` is that of its IR."""

    utterances: list[str]
    audio_s: float
    key: str
    candidate: WordErrorRow
    sqnr_db: float | None


class CalibrationStudyRow(ResultRow):
    """INT8 of one model on one corpus, calibrated on several subsets of one size.

    `available` recordings could be drawn; two subsets share `most_shared` of them at most.
    """

    model: str
    corpus: str
    utterances: int
    reference: WordErrorRow
    calibration: str
    available: int
    subset_size: int
    seed: int
    most_shared: int
    subsets: list[CalibrationSubsetRow]
    wer: SpreadRow
    sqnr_db: SpreadRow


class WerDropRow(ResultRow):
    """An IR's WER beside the FP16 IR's on these utterances; `drop` is their difference."""

    utterances: list[str]
    fp16: WordErrorRow
    candidate: WordErrorRow
    drop: float | None


class AccuracyControlRow(ResultRow):
    """An accuracy-controlled model on a corpus without the utterances of `tuned_corpus` that it was tuned on.

    `fp16_wer` and `int8_wer` are NNCF's measurements on these, before it took layers back; `reverted` are layers that
    run in 8 bit in the ordinary INT8 IR and not in this one; work is the share that runs in 8 bit.
    """

    model: str
    corpus: str
    key: str
    tuned_corpus: str
    max_drop: float
    validations: int
    fp16_wer: float | None
    int8_wer: float | None
    tuned: WerDropRow
    held_out: WerDropRow
    reverted: list[str]
    int8_work: float
    plain_int8_work: float


class SampleRow(ResultRow):
    """An utterance: what was said, and what each recognizer heard."""

    id: str
    text: str
    heard: dict[str, str]


class PotStepsRow(ResultRow):
    """What the tutorial printed, of a model that POT has quantized.

    `irs`, `wers` and `fps` (of `benchmark_app`) are by recognizer; `seconds` is POT's quantization alone; where it was
    tuned for accuracy, `tuning_wers` are of FP16, of INT8 with nothing reverted and of the result, on the tuning
    utterances, and `reverted` are operations that it took back to floating point.
    """

    model: str
    corpus: str
    irs: dict[str, str]
    algorithm: str
    preset: str
    seconds: float
    calibration_utterances: int
    tuning_wers: list[float]
    reverted: list[str]
    sample: SampleRow
    wers: dict[str, float | None]
    fps: dict[str, float]


class RuntimeRow(ResultRow):
    """An IR on a legacy OpenVINO and on today's; `differing` are the utterances that they transcribe otherwise."""

    model: str
    corpus: str
    variant: str
    openvino: str
    utterances: int
    legacy: WordErrorRow
    today: WordErrorRow
    legacy_sqnr_db: float | None
    today_sqnr_db: float | None
    differing: list[str]


class LeavingPotRow(ResultRow):
    """INT8 of one quantizer, beside another's: `speed` is how many times as fast it is as the other, timed in turns.

    `seconds` is what quantizing took; `equal` counts utterances transcribed as by the reference model.
    """

    model: str
    corpus: str
    quantizer: str
    words: WordErrorRow
    drop: float | None
    sqnr_db: float | None
    equal: int
    fake_quantize: int
    int8_layers: int
    layers: int
    int8_work: float
    bytes: int
    latency_ms: float
    seconds: float
    speed: float | None = None
    interval: IntervalRow | None = None


class PrimitiveRow(ResultRow):
    """Layers that one primitive of the runtime executes, and their share of the work."""

    kind: str
    name: str
    precision: str
    layers: int
    share: float


class OverflowFixRow(ResultRow):
    """INT8 built with one setting of `quantization.overflow_fix`, on one instruction set.

    `loss` is absolute against the variant's own IR on the native one; `speed` is how many times as fast it is as that
    IR on this one, in turns (null for that IR itself).
    """

    setting: str
    candidate: WordErrorRow
    loss: float | None
    logits: LogitsRow
    speed: float | None
    speed_interval: IntervalRow | None


class PortabilityRow(ResultRow):
    """A variant of a model on a corpus, run on one instruction set; `skipped` says why it was not.

    `loss` is the word error rate minus the one on the native instruction set, which `against_native` compares the
    logits with; `logits` are beside the reference model's. `fixes` are there where they were tried.
    """

    model: str
    corpus: str
    variant: str
    isa: str
    inference_precision: str
    skipped: str | None
    candidate: WordErrorRow | None = None
    drop: float | None = None
    loss: float | None = None
    loss_interval: IntervalRow | None = None
    logits: LogitsRow | None = None
    against_native: LogitsRow | None = None
    executed: list[PrimitiveRow] = Field(default=[])
    fixes: list[OverflowFixRow] = Field(default=[])
    status: Status | None = None


class LayerRow(ResultRow):
    """What quantizing one layer costs: the layer alone in 8 bit, and the variant with this layer left out.

    `twin` is its name in the FP16 IR, null where it was not found there. Logits are against the FP16 IR's on the
    sample; words were counted on the search utterances, for the worst layers only.
    """

    name: str
    kind: str
    twin: str | None
    alone: LogitsRow
    left_out: LogitsRow
    alone_errors: WordErrorRow | None
    left_out_errors: WordErrorRow | None


class SensitivityRow(ResultRow):
    """Which layers of a variant cost accuracy, the worst first.

    `quantized` is the whole variant, `restored` the variant with all its layers in floating point.
    """

    model: str
    variant: str
    sample: list[str]
    search: list[str]
    quantized: LogitsRow
    restored: LogitsRow
    fp16_errors: WordErrorRow
    quantized_errors: WordErrorRow
    layers: list[LayerRow]


class JudgedRow(ResultRow):
    """A variant before and after some layers were left out of it, against the reference model, on these utterances."""

    utterances: list[str]
    reference: WordErrorRow
    before: WordErrorRow
    after: WordErrorRow
    logits_before: LogitsRow
    logits_after: LogitsRow


class ScopeRow(ResultRow):
    """The smallest ignored scope that brings a variant back, judged where it was not searched.

    `names` is empty where the variant holds as it is, null where no scope helps; `fails` is what it failed on;
    `rebuilt` is whether INT8 was built anew with the scope; `toml` is what suite.toml takes.
    """

    model: str
    corpus: str
    variant: str
    fails: list[str]
    tried: int
    names: list[str] | None
    rebuilt: bool
    judged: JudgedRow | None
    toml: str


class QuantizerRow(ResultRow):
    """A way of quantizing a model on a corpus; `speed` is how many times as fast as the FP16 IR it is, in turns."""

    model: str
    corpus: str
    name: str
    quantizer: str
    key: str
    reference: WordErrorRow
    candidate: WordErrorRow
    logits: LogitsRow
    fake_quantize: int
    int8_weights: int
    bytes: int
    build_s: float
    int8_work: float
    speed: float
    speed_interval: IntervalRow


class RevertedRow(ResultRow):
    """A model whose quantizer is accuracy control: layers that it took back, beside the same without accuracy control.

    The WERs are of the utterances that it was tuned on; `speed` is how many times as fast as the ordinary INT8 IR it
    is; `toml` is the layers as an ignored scope, which saves the search.
    """

    model: str
    key: str
    max_drop: float
    utterances: list[str]
    fp16_wer: float | None
    int8_wer: float | None
    tuned_wer: float | None
    validations: int
    layers: list[str]
    build_s: float
    plain_build_s: float
    speed: float
    speed_interval: IntervalRow
    toml: str


class RegressionRow(ResultRow):
    """A variant's word errors beside the stored ones of this kind of machine, toolchain, model and corpus."""

    model: str
    corpus: str
    variant: str
    outcome: Literal["absent", "not compared", "worse", "same", "better"]
    line: str


class VerdictRow(ResultRow):
    """One gate's verdict; `value` is null where it is not finite, `interval` where nothing was estimated."""

    test: str
    model: str | None
    corpus: str | None
    gate: str
    subject: str
    status: Status
    value: float | None
    relation: Literal["<=", ">=", "=="]
    threshold: float
    kind: Kind
    interval: IntervalRow | None
    line: str


class ArtifactRow(ResultRow):
    """What was built or found, and in how many seconds; `build_s` is what building took, whenever that was."""

    kind: str
    model: str
    corpus: str | None
    key: str
    status: Literal["built", "found"]
    seconds: float
    build_s: float


class CpuRow(ResultRow):
    """The machine."""

    model: str
    isa: str
    flags: tuple[str, ...]
    cores: int


class Results(ResultRow):
    """A whole run."""

    schema_version: int
    wergate: str
    created: str
    verdict: Status
    versions: dict[str, str]
    cpu: CpuRow
    options: dict[str, object]
    models: list[ModelRow]
    corpora: list[CorpusRow]
    calibrations: list[CalibrationRow]
    artifacts: list[ArtifactRow]
    evaluations: list[EvaluationRow]
    executions: list[ExecutionRow]
    calibration_studies: list[CalibrationStudyRow]
    accuracy_controls: list[AccuracyControlRow]
    pot_steps: list[PotStepsRow]
    runtimes: list[RuntimeRow]
    leaving_pot: list[LeavingPotRow]
    portability: list[PortabilityRow]
    sensitivities: list[SensitivityRow]
    scopes: list[ScopeRow]
    quantizers: list[QuantizerRow]
    reverted: list[RevertedRow]
    regressions: list[RegressionRow]
    verdicts: list[VerdictRow]
    benchmarks: list[BenchmarkRow]
    ratios: list[RatioRow]


@dataclass
class Rows:
    """The rows of a run, in the order in which they came."""

    models: list[ModelRow] = field(default_factory=list)
    corpora: list[CorpusRow] = field(default_factory=list)
    calibrations: list[CalibrationRow] = field(default_factory=list)
    artifacts: list[ArtifactRow] = field(default_factory=list)
    evaluations: list[EvaluationRow] = field(default_factory=list)
    executions: list[ExecutionRow] = field(default_factory=list)
    calibration_studies: list[CalibrationStudyRow] = field(default_factory=list)
    accuracy_controls: list[AccuracyControlRow] = field(default_factory=list)
    pot_steps: list[PotStepsRow] = field(default_factory=list)
    runtimes: list[RuntimeRow] = field(default_factory=list)
    leaving_pot: list[LeavingPotRow] = field(default_factory=list)
    portability: list[PortabilityRow] = field(default_factory=list)
    sensitivities: list[SensitivityRow] = field(default_factory=list)
    scopes: list[ScopeRow] = field(default_factory=list)
    quantizers: list[QuantizerRow] = field(default_factory=list)
    reverted: list[RevertedRow] = field(default_factory=list)
    regressions: list[RegressionRow] = field(default_factory=list)
    verdicts: list[VerdictRow] = field(default_factory=list)
    benchmarks: list[BenchmarkRow] = field(default_factory=list)
    ratios: list[RatioRow] = field(default_factory=list)

    def add(self, kind: str, row: BaseModel) -> None:
        """Keep a row; what two workers both report is kept once."""
        rows = getattr(self, kind)
        if row not in rows:
            rows.append(row)


def results(
    config: SuiteConfig,
    *,
    verdict: Status,
    rows: Rows,
) -> Results:
    """Put a run together with what it was made with."""
    machine = cpu()
    return Results(
        schema_version=SCHEMA_VERSION,
        wergate=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        verdict=verdict,
        versions=versions(),
        cpu=CpuRow(model=machine.model, isa=machine.isa, flags=machine.flags, cores=machine.cores),
        options=config.model_dump(mode="json"),
        **vars(rows),
    )


def write_results(run: Results, path: Path) -> None:
    """Write results as JSON, whole or not at all.

    Raises:
        SuiteError: the file cannot be written.
    """
    replace_file(path, run.model_dump_json(indent=1) + "\n", what="results")


def schema() -> str:
    """Return the JSON schema of `Results`, as `results.schema.json` holds it."""
    return json.dumps(Results.model_json_schema(), indent=1, sort_keys=True) + "\n"
