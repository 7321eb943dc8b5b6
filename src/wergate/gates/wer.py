"""The gate on the word error rate: PASS or FAIL where chance cannot explain it, INCONCLUSIVE where it can."""

from __future__ import annotations

import math

from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.significance import WerDrop
from wergate.gates.accuracy import remedy_of
from wergate.verdict import Interval, Verdict

_DIGITS = 12  # beyond which a sum of fractions is rounding
_FEWEST_UTTERANCES = 2


def wer_verdict(evaluation: Evaluation, *, min_words: int) -> Verdict:
    """Gate the candidate's WER against the reference model's plus the tolerance.

    It passes where the whole interval of the drop is within the tolerance, and fails where all of it is beyond. The
    interval that is shown is the drop's, laid over the reference model's WER.

    Args:
        min_words: with fewer of them nothing is settled.

    Raises:
        SuiteError: the corpus has no word.
    """
    require_words(evaluation)
    variant, reference, drop = evaluation.variant, evaluation.reference.total.wer, evaluation.wer_drop
    tolerance = variant.thresholds.wer_drop_max
    p = evaluation.matched_pairs.p
    test = "" if math.isnan(p) else f"; MAPSSWE p={p:.2g}"
    return Verdict(
        gate="wer",
        subject=variant.subject,
        value=round(evaluation.candidate.total.wer, _DIGITS),
        relation="<=",
        threshold=round(reference + tolerance, _DIGITS),
        basis=f"{evaluation.engine} {reference:.4g} + {tolerance:g}{test}",
        scope=evaluation.scope,
        remedy=remedy_of(variant.subject),
        interval=_over(reference, drop.interval),
        undecided=undecided(drop, tolerance, min_words),
    )


def require_words(evaluation: Evaluation) -> None:
    """Refuse a corpus without a word.

    Raises:
        SuiteError: it has none.
    """
    if not evaluation.reference.total.words:
        raise SuiteError(
            f"corpus '{evaluation.corpus}' has no word in its {len(evaluation.outcomes)} transcripts after the "
            f"normalizer '{evaluation.normalizer}'; a word error rate needs words; name the transcripts' column with "
            "--columns text=NAME, or another --normalizer"
        )


def undecided(drop: WerDrop, tolerance: float, min_words: int) -> str:
    """Return why a drop settles nothing against a tolerance, and what would; empty where it does settle it."""
    if drop.utterances < _FEWEST_UTTERANCES:
        return "one utterance leaves nothing to resample: evaluate at least two"
    if drop.words < min_words:
        return (
            f"{drop.words} words are a toy corpus: evaluate {min_words - drop.words} words more, or lower --min-words "
            f"from {min_words}"
        )
    if drop.interval.high <= tolerance or drop.interval.low > tolerance:
        return ""
    return f"a drop of {tolerance:g} is inside the interval: {_what_would_settle(drop, tolerance)}"


def _what_would_settle(drop: WerDrop, tolerance: float) -> str:
    """Say how many words more are needed if the drop stays: an interval shrinks with the square root of the words."""
    margin = abs(drop.value - tolerance)
    if not margin:
        return "the drop is the tolerance itself, which no number of words settles"
    low, high = drop.interval.low, drop.interval.high
    reach = max(high - drop.value if drop.value < tolerance else drop.value - low, (high - low) / 2)
    more = drop.words * ((reach / margin) ** 2 - 1)
    return f"about {_two_digits(more):,} words more would settle it if the drop stays at {drop.value:.4f}"


def _two_digits(number: float) -> int:
    """Round up to two digits: an estimate that promises no more than it knows."""
    unit = 10.0 ** max(0, math.floor(math.log10(max(number, 1))) - 1)
    return int(max(1, math.ceil(number / unit)) * unit)


def _over(reference: float, interval: Interval) -> Interval:
    return Interval(reference + interval.low, reference + interval.high, interval.confidence)
