"""Verdicts: the grammar of their messages, and the outcome for every kind of value, NaN included."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.verdict import Interval, Relation, Status, Verdict


def verdict(value: float, relation: Relation = "<=", threshold: float = 0.085) -> Verdict:
    """Return a verdict on the word error rate with the given value and threshold."""
    return Verdict(
        gate="wer",
        subject="INT8",
        value=value,
        relation=relation,
        threshold=threshold,
        basis="fp16 0.080 + 0.005",
        scope="embedded:clean, 120 utterances, 1834 words",
        remedy="look at the logits gates",
    )


def test_message_of_a_failure() -> None:
    """A failure states the value, the threshold and its origin, the evidence, and the next step."""
    expected = (
        "INT8 wer=0.091, but should be <= 0.085 (fp16 0.080 + 0.005) [embedded:clean, 120 utterances, 1834 words]"
        "; look at the logits gates"
    )
    assert expected == verdict(0.091).line


def test_message_of_a_pass() -> None:
    """A pass is the same sentence without "but should be" and without a next step."""
    expected = "INT8 wer=0.08 <= 0.085 (fp16 0.080 + 0.005) [embedded:clean, 120 utterances, 1834 words]"
    assert expected == verdict(0.08).line


@pytest.mark.parametrize(
    ("value", "relation", "status"),
    [
        pytest.param(0.085, "<=", Status.PASS, id="at most: equal passes"),
        pytest.param(0.0850001, "<=", Status.FAIL, id="at most: more fails"),
        pytest.param(0.085, ">=", Status.PASS, id="at least: equal passes"),
        pytest.param(0.0849999, ">=", Status.FAIL, id="at least: less fails"),
        pytest.param(0.085, "==", Status.PASS, id="exactly: equal passes"),
        pytest.param(0.09, "==", Status.FAIL, id="exactly: other fails"),
        pytest.param(math.inf, "<=", Status.FAIL, id="at most: infinite fails"),
        pytest.param(math.inf, ">=", Status.PASS, id="at least: infinite passes"),
    ],
)
def test_status(value: float, relation: Relation, status: Status) -> None:
    """The status follows from the value, the relation and the threshold."""
    assert status is verdict(value, relation).status


@given(relation=st.sampled_from(["<=", ">=", "=="]), other=st.floats(), side=st.booleans())
def test_nan_never_passes(relation: Relation, other: float, side: bool) -> None:
    """A NaN fails, as a value or as a threshold."""
    value, threshold = (math.nan, other) if side else (other, math.nan)
    assert Status.FAIL is verdict(value, relation, threshold).status


@given(value=st.floats(allow_nan=False), threshold=st.floats(allow_nan=False))
def test_an_improvement_never_fails(value: float, threshold: float) -> None:
    """Gates are one-sided, so any value better than the threshold passes."""
    assert (value <= threshold) == (verdict(value, "<=", threshold).status is Status.PASS)
    assert (value >= threshold) == (verdict(value, ">=", threshold).status is Status.PASS)


def test_counts_are_not_rounded() -> None:
    """A count of millions is shown with all its digits."""
    line = Verdict(
        gate="int8_weights", subject="INT8", value=1234567, relation="==", threshold=1234568, scope="m", remedy="look"
    ).line
    assert line == "INT8 int8_weights=1234567, but should be == 1234568 [m]; look"


def test_message_of_an_undecided_verdict() -> None:
    """The interval follows the value, and the reason replaces the remedy."""
    estimated = replace(
        verdict(0.08), interval=Interval(0.0712, 0.0901), undecided="some 900 more words would settle it"
    )
    assert Status.INCONCLUSIVE is estimated.status
    expected = (
        "INT8 wer=0.08 (95 % interval 0.0712 to 0.0901) <= 0.085 (fp16 0.080 + 0.005)"
        " [embedded:clean, 120 utterances, 1834 words]; some 900 more words would settle it"
    )
    assert expected == estimated.line


def test_nan_fails_even_if_undecided() -> None:
    """A NaN is not INCONCLUSIVE, which a configuration may accept."""
    assert Status.FAIL is replace(verdict(math.nan), undecided="too few").status
