"""The metric of accuracy control: words first, and the logits as far as a plain run gates them."""

from __future__ import annotations

import pytest

from tests.support.shipped import config
from wergate.networks.logits import LogitsDifference
from wergate.quantization.accuracy_control import shortfall

THRESHOLDS = config().settings_of("embedded").thresholds.int8  # 20 dB, 95 % of the frames, 10 dB in each utterance


def logits(sqnr_db: float, flipped: int = 0) -> LogitsDifference:
    """Return the difference of one utterance with this SQNR and this number of changed frames of 100."""
    return LogitsDifference(frames=100, signal=1.0, noise=10 ** (-sqnr_db / 10), flipped_frames=flipped)


def test_logits_that_pass_lack_nothing() -> None:
    """The metric is then 1 - WER alone."""
    assert 0.0 == shortfall([logits(21), logits(25, flipped=4)], THRESHOLDS)


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([logits(15)], 0.25),
        ([logits(30, flipped=50)], (0.95 - 0.5) / 0.95),
        ([logits(60), logits(60), logits(5)], 0.5 + (20 - 9.77) / 20),
        ([logits(-500)], 2.0),
    ],
    ids=["SQNR", "frames", "one utterance", "at most 1 for each gate"],
)
def test_logits_that_fail_lack_something(differences: list[LogitsDifference], expected: float) -> None:
    """The further below a threshold, the more; so each reverted layer that helps is a gain."""
    assert expected == pytest.approx(shortfall(differences, THRESHOLDS), abs=1e-3)


def test_changed_transcripts_lack_something() -> None:
    """A word error rate may stay while most transcripts change."""
    assert 0.2 == pytest.approx(shortfall([logits(30)], THRESHOLDS, mismatch_rate=0.8))
    assert 0.0 == shortfall([logits(30)], THRESHOLDS, mismatch_rate=0.6)


def test_what_is_not_gated_does_not_count() -> None:
    """A threshold that is turned off asks for nothing."""
    off = THRESHOLDS.model_copy(update={"sqnr_db_min": None, "worst_sqnr_db_min": None})
    assert 0.0 == shortfall([logits(-20)], off)
