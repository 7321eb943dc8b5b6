"""The gates on the shape of the errors: a shape and its budgets in, verdicts out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from wergate.config.thresholds import Thresholds
from wergate.evaluation.evaluation import Evaluation
from wergate.gates.error_shape.shape import ErrorShape, Lengths, Rise
from wergate.verdict import Relation, Verdict

_QUIET = "it writes less than it should: look at the blank's logits and at what it was calibrated on"
_GHOSTS = "it writes what nobody said: look at silence and noise, and at what it was calibrated on"
_LETTERS = "letters go wrong, be the words as they may: look at the logits gates, then at the last layers' quantization"
_LENGTHS = "utterances of that length suffer: calibrate on utterances of all lengths, and look at test_input_lengths.py"
_SPREAD = "many utterances pay a little: look at the logits gates, then widen quantization.ignored_scope or calibration"
_SINGLE = "one utterance pays for all: listen to it, and look for its like among the calibration utterances"


def shape_verdicts(shape: ErrorShape, evaluation: Evaluation) -> tuple[Verdict, ...]:
    """Gate the shape's figures for which there is a budget.

    A rate fails where it rose beyond its budget by more than chance: two standard errors of the difference. A single
    utterance has no chance that could be told, so its rates are reported alone.
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
            told = f"{rise.utterances} utterances, {rise.units} {units}: {rise.reference:.4g} to {rise.candidate:.4g}"
            basis = f"{budget:g} + {rise.chance:.4g} for chance; {told}"
            yield make(
                gate=gate, value=rise.value, relation="<=", threshold=budget + rise.chance, basis=basis, remedy=remedy
            )


def _length_verdicts(lengths: Lengths, thresholds: Thresholds, make: partial[Verdict]) -> Iterator[Verdict]:
    """Gate what is written against the transcripts, or against a reference recognizer that is itself out of bounds."""
    own = thresholds.length_ratio_min <= lengths.reference_ratio <= thresholds.length_ratio_max
    value = lengths.ratio if own else lengths.kept
    against = "the transcripts'" if own else "those of the reference recognizer, itself out of bounds"
    basis = f"characters over {against}; reference recognizer {lengths.reference_ratio:.4g}"
    bounds: tuple[tuple[Relation, float, str], ...] = (
        (">=", thresholds.length_ratio_min, _QUIET),
        ("<=", thresholds.length_ratio_max, _GHOSTS),
    )
    for relation, threshold, remedy in bounds:
        yield make(gate="length_ratio", value=value, relation=relation, threshold=threshold, basis=basis, remedy=remedy)


def _worst(shape: ErrorShape, thresholds: Thresholds, make: partial[Verdict]) -> Iterator[Verdict]:
    counts = f"{shape.worse} of {shape.utterances} got worse, {shape.better} better"
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
