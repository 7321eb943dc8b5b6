"""The gate on the word error rate: PASS or FAIL if the evidence is significant, INCONCLUSIVE otherwise."""

from __future__ import annotations

import math

from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.significance.drop import WerDrop
from wergate.evaluation.significance.power import needed_units
from wergate.gates.accuracy import remedy_of
from wergate.verdict import Interval, Verdict

_DIGITS = 12  # digits beyond these are rounding error of a sum of fractions
_FEWEST_UTTERANCES = 2


def wer_verdict(evaluation: Evaluation, *, min_words: int) -> Verdict:
    """Gate the candidate's WER against the reference model's plus the tolerance.

    The gate passes if the whole interval of the drop is within the tolerance, fails if all of it is beyond, and is
    INCONCLUSIVE otherwise. The interval of the verdict is the drop's, shifted by the reference model's WER. It is by
    speaker if the corpus names at least two. A tolerance of 0 is counted: see `undecided`.

    Args:
        min_words: smallest number of reference words for a decision.

    Raises:
        SuiteError: the corpus has no words.
    """
    require_words(evaluation)
    variant, reference, drop = evaluation.variant, evaluation.reference.total.wer, evaluation.wer_drop
    tolerance = variant.thresholds.wer_drop_max
    p = evaluation.matched_pairs.p
    test = "" if math.isnan(p) else f"; MAPSSWE p={p:.2g}"
    unit = f"; by {drop.unit}" if drop.unit == "speaker" else ""
    return Verdict(
        gate="wer",
        subject=variant.subject,
        value=round(evaluation.candidate.total.wer, _DIGITS),
        relation="<=",
        threshold=round(reference + tolerance, _DIGITS),
        basis=f"{evaluation.engine} {reference:.4g} + {tolerance:g}{unit}{test}",
        scope=evaluation.scope,
        remedy=remedy_of(variant.subject),
        interval=_shifted(reference, drop.interval),
        undecided=undecided(drop, tolerance, min_words, limited=evaluation.limited),
    )


def rise_verdict(
    drop: WerDrop, errors: tuple[int, int], *, tolerance: float, min_words: int, subject: str, scope: str, remedy: str
) -> Verdict:
    """Gate the rise of a word error rate from A to B, which are two runs or two sides of a duel.

    Args:
        drop: the rise, with its interval.
        errors: word errors of A and of B.
        tolerance: largest accepted rise, a fraction.
        min_words: smallest number of reference words for a decision.
        subject: what was measured twice.
        scope: model, corpus and utterances; the number of words is added.
        remedy: the next step.
    """
    before, now = (count / max(1, drop.words) for count in errors)
    unit = "; by speaker" if drop.unit == "speaker" else ""
    return Verdict(
        gate="wer",
        subject=subject,
        value=round(now, _DIGITS),
        relation="<=",
        threshold=round(before + tolerance, _DIGITS),
        basis=f"A {before:.4g} + {tolerance:g}{unit}",
        scope=f"{scope}, {drop.words} words",
        remedy=remedy,
        interval=_shifted(before, drop.interval),
        undecided=undecided(drop, tolerance, min_words),
    )


def require_words(evaluation: Evaluation) -> None:
    """Refuse a corpus without words.

    Raises:
        SuiteError: no reference has a word after normalization.
    """
    if not evaluation.reference.total.words:
        raise no_words(evaluation.corpus, len(evaluation.outcomes), evaluation.normalizer)


def no_words(corpus: str, utterances: int, normalizer: str) -> SuiteError:
    """Return the error for utterances that have no words after normalization."""
    return SuiteError(
        f"corpus '{corpus}' has no words in its {utterances} transcripts after the normalizer '{normalizer}'; a word "
        "error rate needs words; name the column of transcripts with --columns text=NAME, or choose another "
        "--normalizer"
    )


def undecided(drop: WerDrop, tolerance: float, min_words: int, *, limited: bool = False) -> str:
    """Return why a drop does not decide the gate and what would decide it; empty if it does decide.

    No interval proves a tolerance of 0. So it is counted on this corpus alone: no utterance may have more errors.

    Args:
        limited: whether the corpus has more utterances than were evaluated.
    """
    if drop.utterances < _FEWEST_UTTERANCES:
        return f"one utterance cannot be resampled: {'raise --limit to' if limited else 'evaluate'} at least two"
    if drop.words < min_words:
        more = "raise --limit" if limited else "evaluate a larger corpus"
        return f"only {drop.words} words: too few to decide (at least {min_words}); {more}, or lower --min-words"
    counted = not tolerance and not drop.lost
    if counted or drop.interval.high <= tolerance or drop.interval.low > tolerance:
        return ""
    advice = f"{'raise or drop --limit; ' * limited}{_needed(drop, tolerance)}"
    return f"the tolerance of {tolerance:g} lies inside the interval of the drop: {advice}"


def _needed(drop: WerDrop, tolerance: float) -> str:
    """Return how many more words or speakers would decide the gate if the drop stayed the same."""
    margin = abs(drop.value - tolerance)
    if not margin:
        return "the drop equals the tolerance, so more data cannot decide this"
    low, high = drop.interval.low, drop.interval.high
    reach = max(high - drop.value if drop.value < tolerance else drop.value - low, (high - low) / 2)
    units = drop.units if drop.unit == "speaker" else drop.words
    more = needed_units(reach, drop.unit, units, margin, power=0.5) - units
    what = "speakers with as many words each" if drop.unit == "speaker" else "words"
    return f"about {_two_digits(more):,} more {what} would decide this if the drop stays at {drop.value:.4f}"


def _two_digits(number: float) -> int:
    """Round up to two significant digits; the estimate supports no more."""
    unit = 10.0 ** max(0, math.floor(math.log10(max(number, 1))) - 1)
    return int(max(1, math.ceil(number / unit)) * unit)


def _shifted(reference: float, interval: Interval) -> Interval:
    return Interval(reference + interval.low, reference + interval.high, interval.confidence)
