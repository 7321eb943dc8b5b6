"""Accuracy gates: verdicts on the transcripts and logits of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import scipy  # scipy.special loads on first use; scipy.stats, with the same interval, takes more than a second

from wergate.config.thresholds import Thresholds
from wergate.evaluation.evaluation import Evaluation, Transcripts, UtteranceOutcome
from wergate.evaluation.normalize import COUNT_CHARACTERS
from wergate.evaluation.wer import show_alignment
from wergate.models.variant import Variant
from wergate.networks.logits import LogitsDifference
from wergate.verdict import Interval, Verdict

_CONFIDENCE = 0.95  # of both sides; a share is beyond its threshold at 2.5 %
_HEADLINE_ROUNDING = 1e-6  # torchmetrics computes in float32
_FP16_REMEDY = "an FP16 IR at f32 inference precision must match the model: check the conversion and the precision hint"
_FIND_LAYERS = (
    "find the layers with --study sensitivity, then extend quantization.ignored_scope or the calibration corpus"
)
_INT8_REMEDY = f"check the logits gates and {_FIND_LAYERS}"


def reference_verdict(evaluation: Evaluation, threshold: float) -> Verdict:
    """Gate the WER of the reference recognizer; if it is too high, a comparison means nothing."""
    return Verdict(
        gate="reference_wer",
        subject=evaluation.engine,
        value=evaluation.reference.total.wer,
        relation="<=",
        threshold=threshold,
        scope=evaluation.scope,
        remedy=(f"{evaluation.blank_note}; else " if evaluation.blank_note else "")
        + _unspaced(evaluation)
        + "check that the transcripts belong to the audio, that its headers state the true sampling rate, "
        "and that the vocabulary is the checkpoint's; if the corpus really is this hard, raise "
        "thresholds.reference_wer_max",
    )


def _unspaced(evaluation: Evaluation) -> str:
    """Return the first remedy where a sentence is a word, so that its rate is that of wrong sentences."""
    if 2 * evaluation.without_spaces <= len(evaluation.outcomes):
        return ""
    return f"the references have no spaces between words, so each sentence is one word: {COUNT_CHARACTERS}; else "


def left_out_verdict(evaluation: Evaluation, ids: Sequence[str]) -> Verdict:
    """Gate the utterances of a corpus that an evaluation does not hold: an error rate is that of the whole corpus.

    Args:
        ids: ids of all utterances of the corpus, as it was opened.
    """
    evaluated = {outcome.id for outcome in evaluation.outcomes}
    missing = [id_ for id_ in ids if id_ not in evaluated]
    named = f": {', '.join(missing[:3])}" if missing else ""
    return Verdict(
        gate="utterances_left_out",
        subject=evaluation.variant.subject,
        value=len(missing),
        relation="==",
        threshold=0,
        basis=f"of {len(ids)} utterances of the corpus{named}",
        scope=evaluation.scope,
        remedy="find where the evaluation loses utterances; its error rates hold for the others only",
    )


def mismatch_verdict(evaluation: Evaluation) -> Verdict:
    """Gate the share of utterances that the variant and the reference model transcribe differently.

    The gate passes if the share is within the threshold. It fails only if chance does not explain the excess: if the
    lower end of the exact 95 % interval (Clopper and Pearson, 1934) is beyond the threshold, a one-sided test at 2.5 %.
    In between, it is INCONCLUSIVE, as the gate on WER is: such a corpus does not decide it. A threshold of
    zero is exact: one mismatch puts the lower end above it.
    """
    differing, utterances = len(evaluation.mismatches), len(evaluation.outcomes)
    share, threshold = differing / utterances, evaluation.variant.thresholds.mismatch_rate_max
    interval = _exact_interval(differing, utterances) if share > threshold > 0 else None
    undecided = (
        f"the share is beyond {threshold:g}, but chance explains that on {utterances} utterances; take more utterances"
    )
    return Verdict(
        gate="transcript_mismatch_rate",
        subject=evaluation.variant.subject,
        value=share,
        relation="<=",
        threshold=threshold,
        basis=f"{differing} of {utterances} differ from {evaluation.engine}",
        scope=evaluation.scope,
        remedy=remedy_of(evaluation.variant.subject),
        interval=interval,
        undecided=undecided if interval and interval.low <= threshold else "",
    )


def _exact_interval(found: int, of: int) -> Interval:
    """Return the interval of Clopper and Pearson for a share; each end leaves out half of the rest."""
    tail = (1 - _CONFIDENCE) / 2
    low = float(scipy.special.betaincinv(found, of - found + 1, tail)) if found else 0.0
    high = float(scipy.special.betaincinv(found + 1, of - found, 1 - tail)) if found < of else 1.0
    return Interval(low, high, _CONFIDENCE)


def logits_verdicts(evaluation: Evaluation) -> tuple[Verdict, ...]:
    """Gate the differences between logits; a difference without a threshold gives no verdict."""
    logits, thresholds, subject = evaluation.logits, evaluation.variant.thresholds, evaluation.variant.subject
    claims: tuple[tuple[str, float, str, float | None], ...] = (
        ("max_abs_delta", logits.max_abs, "<=", thresholds.max_abs_delta_max),
        ("mean_abs_delta", logits.mean_abs, "<=", thresholds.mean_abs_delta_max),
        ("sqnr_db", logits.sqnr_db, ">=", thresholds.sqnr_db_min),
        ("argmax_agreement", logits.argmax_agreement, ">=", thresholds.argmax_agreement_min),
    )
    return tuple(
        Verdict(
            gate=gate,
            subject=subject,
            value=value,
            relation="<=" if relation == "<=" else ">=",
            threshold=threshold,
            basis=f"{logits.frames} frames compared with {evaluation.engine}",
            scope=evaluation.scope,
            remedy=_remedy_of_logits(subject),
        )
        for gate, value, relation, threshold in claims
        if threshold is not None
    )


def spot_verdicts(
    reference: LogitsDifference, fp16: LogitsDifference, thresholds: Thresholds, *, scope: str
) -> Iterator[Verdict]:
    """Gate what INT8 is compared with: the stored reference run, and the FP16 IR that INT8 is built from.

    Args:
        reference: differences of the reference model's logits, computed again, from the stored ones.
        fp16: differences of the FP16 IR's logits from the stored ones.
        thresholds: those of FP16; one that is not set gives no verdict.
        scope: model, corpus and number of utterances.
    """
    stored = "the stored reference run is of another model or is damaged: delete it from the cache and run again"
    claims: tuple[tuple[str, float, Literal["<=", ">="], float | None, str], ...] = (
        ("reference_sqnr_db", reference.sqnr_db, ">=", thresholds.sqnr_db_min, stored),
        ("fp16_sqnr_db", fp16.sqnr_db, ">=", thresholds.sqnr_db_min, _FP16_REMEDY),
        ("fp16_mean_abs_delta", fp16.mean_abs, "<=", thresholds.mean_abs_delta_max, _FP16_REMEDY),
        ("fp16_max_abs_delta", fp16.max_abs, "<=", thresholds.max_abs_delta_max, _FP16_REMEDY),
    )
    for gate, value, relation, threshold, remedy in claims:
        if threshold is not None:
            basis = "compared with the stored reference run"
            yield Verdict(gate, "INT8", value, relation, threshold, scope, remedy, basis)


def headline_verdict(transcripts: Transcripts, *, subject: str, scope: str) -> Verdict:
    """Gate the difference between the WER of torchmetrics and that of jiwer; it fails without torchmetrics."""
    counted = transcripts.total.wer
    headline = math.nan if transcripts.headline is None else transcripts.headline
    return Verdict(
        gate="wer_headline_difference",
        subject=subject,
        value=abs(headline - counted),
        relation="<=",
        threshold=_HEADLINE_ROUNDING,
        basis=f"torchmetrics {headline:.6f}, jiwer {counted:.6f}",
        scope=scope,
        remedy="jiwer and torchmetrics disagree: compare their versions before you trust either number",
    )


def worst_delta_verdict(deltas: Sequence[float], variant: Variant) -> Verdict:
    """Gate the largest difference of logits over inputs of many lengths; a NaN counts as the largest."""
    return Verdict(
        gate="length_max_abs_delta",
        subject=variant.subject,
        value=float(np.max(deltas)),
        relation="<=",
        threshold=variant.thresholds.length_delta_max,
        scope=f"{variant.model}, {len(deltas)} lengths",
        remedy=_remedy_of_logits(variant.subject),
    )


def mismatch_lines(evaluation: Evaluation, near_tie_margin: float) -> Iterator[str]:
    """Yield a text for each differing utterance: id, near-tie mark, flipped frames and both transcripts aligned."""
    for outcome in evaluation.mismatches:
        mark = " (near-tie)" if near_tie(outcome, near_tie_margin) else ""
        flips = f"{outcome.logits.flipped_frames} frames flipped, widest margin {outcome.logits.widest_flip:.3f}"
        alignment = show_alignment(reference=outcome.reference_hypothesis, hypothesis=outcome.hypothesis)
        yield f"{outcome.id}{mark}: {flips}\n{alignment}"


def near_tie(outcome: UtteranceOutcome, margin: float) -> bool:
    """Return whether the reference model's logits were nearly undecided in every flipped frame.

    Args:
        margin: largest gap between the best and the second-best logit that counts as nearly undecided.
    """
    return outcome.logits.widest_flip <= margin


def remedy_of(subject: str) -> str:
    """Return the next step for a variant that differs too much from the reference model."""
    return _FP16_REMEDY if subject == "FP16" else _INT8_REMEDY


def _remedy_of_logits(subject: str) -> str:
    """Return the next step for a variant whose logits differ too much; they are the first figures to look at."""
    return _FP16_REMEDY if subject == "FP16" else _FIND_LAYERS
