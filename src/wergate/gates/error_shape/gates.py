"""Gates on the error shape, each with a budget."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from wergate.config.thresholds import Thresholds
from wergate.evaluation.evaluation import Evaluation
from wergate.gates.error_shape.shape import ErrorShape, Lengths, Rise
from wergate.verdict import Relation, Verdict

_QUIET = "the model writes too little: check the blank's logits and the calibration corpus"
_GHOSTS = "the model writes text that nobody said: check its output on silence and noise, and the calibration corpus"
_LETTERS = "the model makes more character errors: check the logits gates, then the quantization of the last layers"
_LENGTHS = (
    "this range of durations loses accuracy: calibrate on utterances of all durations, and check test_input_lengths"
)
_SPREAD = (
    "many utterances lose a little: check the logits gates, then extend quantization.ignored_scope or the calibration "
    "corpus"
)
_SINGLE = "one utterance takes the loss: listen to it, and check whether the calibration corpus contains similar ones"


def shape_verdicts(shape: ErrorShape, evaluation: Evaluation) -> tuple[Verdict, ...]:
    """Gate every part of the error shape that has a budget.

    A rate fails if its rise exceeds the budget by more than two standard errors of the difference. A single utterance
    has no standard error, so its rates give no verdict.
    """
    thresholds = evaluation.variant.thresholds
    make = partial(Verdict, subject=evaluation.variant.subject, scope=evaluation.scope)
    return (
        *_rise_verdicts(shape, thresholds, make),
        *_length_verdicts(shape.lengths, thresholds, make),
        *_worst(shape, thresholds, make),
    )


def _rise_verdicts(shape: ErrorShape, thresholds: Thresholds, make: partial[Verdict]) -> Iterator[Verdict]:
    claims: list[tuple[str, Rise, float | None, str, str]] = [
        ("deletion_rise", shape.deletions, thresholds.deletion_rise_max, "words", _QUIET),
        ("insertion_rise", shape.insertions, thresholds.insertion_rise_max, "words", _GHOSTS),
        ("cer_rise", shape.characters, thresholds.cer_rise_max, "characters", _LETTERS),
        *(
            (f"wer_rise[{part.name}]", part.wer, thresholds.range_wer_rise_max, "words", _LENGTHS)
            for part in shape.ranges
        ),
    ]
    for gate, rise, budget, units, remedy in claims:
        if budget is not None and math.isfinite(rise.chance):
            rates = f"reference recognizer {rise.reference:.4g}, candidate {rise.candidate:.4g}"
            evidence = f"{rise.utterances} utterances, {rise.units} {units}"
            basis = f"{budget:g} + {rise.chance:.4g} for chance; {rates}; {evidence}"
            yield make(
                gate=gate, value=rise.value, relation="<=", threshold=budget + rise.chance, basis=basis, remedy=remedy
            )


def _length_verdicts(lengths: Lengths, thresholds: Thresholds, make: partial[Verdict]) -> Iterator[Verdict]:
    """Gate the length of the candidate's text relative to the references.

    If the reference recognizer itself is out of bounds, gate it relative to the reference recognizer's text instead.
    """
    within = thresholds.length_ratio_min <= lengths.reference_ratio <= thresholds.length_ratio_max
    value = lengths.ratio if within else lengths.kept
    against = "the references" if within else "the reference recognizer's text, which is itself out of bounds"
    basis = f"characters relative to {against}; reference recognizer {lengths.reference_ratio:.4g}"
    bounds: tuple[tuple[Relation, float, str], ...] = (
        (">=", thresholds.length_ratio_min, _QUIET),
        ("<=", thresholds.length_ratio_max, _GHOSTS),
    )
    for relation, threshold, remedy in bounds:
        yield make(gate="length_ratio", value=value, relation=relation, threshold=threshold, basis=basis, remedy=remedy)


def _worst(shape: ErrorShape, thresholds: Thresholds, make: partial[Verdict]) -> Iterator[Verdict]:
    counts = f"{shape.worse} of {shape.utterances} utterances got worse, {shape.better} got better"
    rise, sqnr = shape.worst_rise, shape.worst_sqnr
    claims: tuple[tuple[str, float, Relation, float | None, str, str], ...] = (
        ("worse_rate", shape.worse_rate, "<=", thresholds.worse_rate_max, counts, _SPREAD),
        (
            "worst_utterance_rise",
            rise.value,
            "<=",
            thresholds.worst_utterance_rise_max,
            f"utterance '{rise.id}'",
            _SINGLE,
        ),
        ("worst_sqnr_db", sqnr.value, ">=", thresholds.worst_sqnr_db_min, f"utterance '{sqnr.id}'", _SINGLE),
    )
    for gate, value, relation, threshold, basis, remedy in claims:
        if threshold is not None:
            yield make(gate=gate, value=value, relation=relation, threshold=threshold, basis=basis, remedy=remedy)
