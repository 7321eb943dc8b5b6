"""What the legacy leg found, as rows of the results."""

from __future__ import annotations

from wergate.evaluation.rows import finite, interval_row, word_error_row
from wergate.leaving_pot import Leaving, Quantized
from wergate.pot_steps import Steps
from wergate.results import LeavingPotRow, PotStepsRow, RuntimeRow, SampleRow
from wergate.runtimes import TwoRuntimes


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


def runtime_row(found: TwoRuntimes, *, model: str, variant: str) -> RuntimeRow:
    """Return the row of an IR on two runtimes."""
    return RuntimeRow(
        model=model,
        corpus=found.today.corpus,
        variant=variant,
        openvino=found.version,
        utterances=len(found.today.outcomes),
        legacy=word_error_row(found.legacy.candidate.total),
        today=word_error_row(found.today.candidate.total),
        legacy_sqnr_db=finite(found.legacy.logits.sqnr_db),
        today_sqnr_db=finite(found.today.logits.sqnr_db),
        differing=list(found.differing),
    )


def leaving_rows(found: Leaving, *, model: str) -> list[LeavingPotRow]:
    """Return a row for each of the two quantizers; the successor's has the ratio of the two, timed in turns."""
    before = _row(found.before, model, found.speed.second_ms)
    after = _row(found.after, model, found.speed.first_ms)
    speed = {"speed": found.speed.ratio, "interval": interval_row(found.speed.interval)}
    return [before, after.model_copy(update=speed)]


def _row(found: Quantized, model: str, latency_ms: float) -> LeavingPotRow:
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
