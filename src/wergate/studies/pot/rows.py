"""Result rows of the POT study and of the legacy runtime."""

from __future__ import annotations

from wergate.evaluation.rows import (
    IntervalRow,
    ResultRow,
    WordErrorRow,
    finite,
    interval_row,
    word_error_row,
)
from wergate.studies.pot.comparison import PotComparison, QuantizerResult
from wergate.studies.pot.runtimes import TwoRuntimes
from wergate.studies.pot.tutorial import Steps


class SampleRow(ResultRow):
    """One utterance: its reference text, and the transcript of each recognizer in `heard`."""

    id: str
    text: str
    heard: dict[str, str]


class PotStepsRow(ResultRow):
    """The figures that the POT tutorial printed, for a model that POT quantized.

    `irs`, `wers` and `fps` (from `benchmark_app`) are by recognizer. `seconds` is the time of POT's quantization alone.
    For accuracy-aware quantization, `tuning_wers` are those of FP16, of INT8 with nothing reverted and of the result,
    on the tuning utterances; `reverted` are the operations that POT reverted to floating point.
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
    """An IR on the legacy OpenVINO and on the current one; `differing` are utterances with different transcripts."""

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
    """INT8 of one of two quantizers that are compared.

    `speed` is the speed-up over the other quantizer's INT8, timed interleaved; only the successor's row has it.
    `seconds` is the time of the quantization. `equal` counts the utterances whose transcript equals the reference
    model's.
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


def steps_row(steps: Steps, *, model: str) -> PotStepsRow:
    """Return the row of the tutorial's steps. The sample is the corpus's first utterance, as in the tutorial."""
    first = next(iter(steps.evaluations.values()))
    sample = first.outcomes[0]
    transcripts = {variant: evaluation.outcomes[0].hypothesis for variant, evaluation in steps.evaluations.items()}
    wers = {variant: finite(evaluation.candidate.total.wer) for variant, evaluation in steps.evaluations.items()}
    return PotStepsRow(
        model=model,
        corpus=first.corpus,
        irs={variant: str(path) for variant, path in steps.paths.items()},
        algorithm=steps.report.algorithm,
        preset=steps.report.preset,
        seconds=steps.report.seconds,
        calibration_utterances=steps.report.utterances,
        tuning_wers=list(steps.report.wers),
        reverted=list(steps.report.reverted),
        sample=SampleRow(
            id=sample.id, text=sample.text, heard={first.engine: sample.reference_hypothesis} | transcripts
        ),
        wers={first.engine: finite(first.reference.total.wer)} | wers,
        fps=dict(steps.fps),
    )


def runtime_row(runtimes: TwoRuntimes) -> RuntimeRow:
    """Return the row of an IR on the two runtimes."""
    variant = runtimes.today.variant
    return RuntimeRow(
        model=variant.model,
        corpus=runtimes.today.corpus,
        variant=variant.name,
        openvino=runtimes.version,
        utterances=len(runtimes.today.outcomes),
        legacy=word_error_row(runtimes.legacy.candidate.total),
        today=word_error_row(runtimes.today.candidate.total),
        legacy_sqnr_db=finite(runtimes.legacy.logits.sqnr_db),
        today_sqnr_db=finite(runtimes.today.logits.sqnr_db),
        differing=list(runtimes.differing),
    )


def comparison_rows(comparison: PotComparison, *, model: str) -> list[LeavingPotRow]:
    """Return a row for each of the two quantizers. The successor's row has the speed-up."""
    before = _row(comparison.before, model, comparison.speed.second_ms)
    after = _row(comparison.after, model, comparison.speed.first_ms)
    speed = {"speed": comparison.speed.ratio, "interval": interval_row(comparison.speed.interval)}
    return [before, after.model_copy(update=speed)]


def _row(result: QuantizerResult, model: str, latency_ms: float) -> LeavingPotRow:
    layers = result.work.layers
    return LeavingPotRow(
        model=model,
        corpus=result.evaluation.corpus,
        quantizer=result.quantizer,
        words=word_error_row(result.evaluation.candidate.total),
        drop=finite(result.evaluation.wer_drop.value),
        sqnr_db=finite(result.evaluation.logits.sqnr_db),
        equal=sum(outcome.matches for outcome in result.evaluation.outcomes),
        fake_quantize=result.graph.fake_quantize,
        int8_layers=sum(layer.eight_bit for layer in layers),
        layers=len(layers),
        int8_work=result.work.int8_share,
        bytes=result.graph.bytes,
        latency_ms=latency_ms,
        seconds=result.tool_seconds or result.seconds,
    )
