"""The gate on differing transcripts: chance explains a small excess on few utterances, and none at a threshold of 0."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.variants import make_variant
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.gates.accuracy import mismatch_verdict
from wergate.networks.logits import LogitsDifference
from wergate.verdict import Status, Verdict


def gated(differing: int, utterances: int, threshold: float) -> Verdict:
    """Return the verdict on a number of differing transcripts."""
    variant = make_variant()
    thresholds = variant.thresholds.model_copy(update={"mismatch_rate_max": threshold})
    outcomes = tuple(
        UtteranceOutcome(f"u{n}", 3.0, "A", "A", "B" if n < differing else "A", LogitsDifference())
        for n in range(utterances)
    )
    return mismatch_verdict(Evaluation(replace(variant, thresholds=thresholds), "corpus", "pytorch", "upper", outcomes))


@pytest.mark.parametrize(
    ("differing", "utterances", "threshold", "status"),
    [
        (12, 24, 0.6, Status.PASS),
        (14, 24, 0.6, Status.PASS),
        (15, 24, 0.6, Status.INCONCLUSIVE),
        (19, 24, 0.6, Status.INCONCLUSIVE),
        (20, 24, 0.6, Status.FAIL),
        (98, 160, 0.6, Status.INCONCLUSIVE),
        (109, 160, 0.6, Status.FAIL),
        (0, 24, 0.0, Status.PASS),
        (1, 24, 0.0, Status.FAIL),
        (1, 100_000, 0.0, Status.FAIL),
        (1, 1, 1.0, Status.PASS),
    ],
)
def test_a_share_fails_if_chance_does_not_explain_it(
    differing: int, utterances: int, threshold: float, status: Status
) -> None:
    """It passes within the threshold, and is open where the exact interval contains the threshold."""
    assert status is gated(differing, utterances, threshold).status


def test_the_line_of_an_open_share_says_what_decides_it() -> None:
    """Interval, counts and the next step."""
    line = gated(15, 24, 0.6).line
    assert "transcript_mismatch_rate=0.625 (95 % interval 0.4059 to 0.812) <= 0.6 (15 of 24 differ from py" in line
    assert line.endswith("; the share is beyond 0.6, but chance explains that on 24 utterances; take more utterances")


def test_honest_shares_at_the_threshold_rarely_fail() -> None:
    """If the model's own share is the threshold, at most 2.5 % of the corpora fail, by the binomial distribution."""
    import scipy

    for utterances in (24, 160, 600):
        fails = [n for n in range(utterances + 1) if gated(n, utterances, 0.6).status is Status.FAIL]
        assert scipy.stats.binom.sf(min(fails) - 1, utterances, 0.6) <= 0.025
