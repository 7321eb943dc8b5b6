"""What the legacy leg found, as rows of the results."""

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


def steps_row(steps: Steps, *, model: str) -> PotStepsRow:
    """Return the row of the tutorial's steps; the sample is the corpus's first utterance, as in the tutorial."""
    first = next(iter(steps.evaluations.values()))
    sample = first.outcomes[0]
    heard = {variant: found.outcomes[0].hypothesis for variant, found in steps.evaluations.items()}
    wers = {variant: finite(found.candidate.total.wer) for variant, found in steps.evaluations.items()}
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
        sample=SampleRow(id=sample.id, text=sample.text, heard={first.engine: sample.reference_hypothesis} | heard),
        wers={first.engine: finite(first.reference.total.wer)} | wers,
        fps=dict(steps.fps),
    )


def runtime_row(found: TwoRuntimes) -> RuntimeRow:
    """Return the row of an IR on two runtimes."""
    variant = found.today.variant
    return RuntimeRow(
        model=variant.model,
        corpus=found.today.corpus,
        variant=variant.name,
        openvino=found.version,
        utterances=len(found.today.outcomes),
        legacy=word_error_row(found.legacy.candidate.total),
        today=word_error_row(found.today.candidate.total),
        legacy_sqnr_db=finite(found.legacy.logits.sqnr_db),
        today_sqnr_db=finite(found.today.logits.sqnr_db),
        differing=list(found.differing),
    )


def comparison_rows(found: PotComparison, *, model: str) -> list[LeavingPotRow]:
    """Return a row for each of the two quantizers; the successor's has the ratio of the two, timed in turns."""
    before = _row(found.before, model, found.speed.second_ms)
    after = _row(found.after, model, found.speed.first_ms)
    speed = {"speed": found.speed.ratio, "interval": interval_row(found.speed.interval)}
    return [before, after.model_copy(update=speed)]


def _row(found: QuantizerResult, model: str, latency_ms: float) -> LeavingPotRow:
    layers = found.work.layers
    return LeavingPotRow(
        model=model,
        corpus=found.evaluation.corpus,
        quantizer=found.quantizer,
        words=word_error_row(found.evaluation.candidate.total),
        drop=finite(found.evaluation.wer_drop.value),
        sqnr_db=finite(found.evaluation.logits.sqnr_db),
        equal=sum(outcome.matches for outcome in found.evaluation.outcomes),
        fake_quantize=found.graph.fake_quantize,
        int8_layers=sum(layer.eight_bit for layer in layers),
        layers=len(layers),
        int8_work=found.work.int8_share,
        bytes=found.graph.bytes,
        latency_ms=latency_ms,
        seconds=found.tool_seconds or found.seconds,
    )
