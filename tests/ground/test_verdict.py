"""Verdicts: one message grammar, and nothing passes by being no number."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.verdict import Interval, Relation, Status, Verdict


def verdict(value: float, relation: Relation = "<=", threshold: float = 0.085) -> Verdict:
    """Return the verdict of the house style's example."""
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
    """What was measured, what it should be and why, on what evidence, then the next step."""
    expected = (
        "INT8 wer=0.091, but should be <= 0.085 (fp16 0.080 + 0.005) [embedded:clean, 120 utterances, 1834 words]"
        "; look at the logits gates"
    )
    assert expected == verdict(0.091).line


def test_message_of_a_pass() -> None:
    """The same sentence without reproach and without a next step."""
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
    """A claim holds or it does not."""
    assert status is verdict(value, relation).status


@given(relation=st.sampled_from(["<=", ">=", "=="]), other=st.floats(), side=st.booleans())
def test_nan_never_passes(relation: Relation, other: float, side: bool) -> None:
    """A NaN holds nothing, as a value or as a threshold."""
    value, threshold = (math.nan, other) if side else (other, math.nan)
    assert Status.FAIL is verdict(value, relation, threshold).status


@given(value=st.floats(allow_nan=False), threshold=st.floats(allow_nan=False))
def test_an_improvement_never_fails(value: float, threshold: float) -> None:
    """Gates are one-sided: what is better than a threshold passes."""
    assert (value <= threshold) == (verdict(value, "<=", threshold).status is Status.PASS)
    assert (value >= threshold) == (verdict(value, ">=", threshold).status is Status.PASS)


def test_counts_are_shown_whole() -> None:
    """A count of millions is not rounded away."""
    line = Verdict(
        gate="int8_weights", subject="INT8", value=1234567, relation="==", threshold=1234568, scope="m", remedy="look"
    ).line
    assert line == "INT8 int8_weights=1234567, but should be == 1234568 [m]; look"


def test_message_where_the_evidence_settles_nothing() -> None:
    """The interval beside the value, and what would settle it instead of the remedy."""
    estimated = replace(
        verdict(0.08), interval=Interval(0.0712, 0.0901), undecided="some 900 more words would settle it"
    )
    assert Status.INCONCLUSIVE is estimated.status
    expected = (
        "INT8 wer=0.08 (95 % interval 0.0712 to 0.0901) <= 0.085 (fp16 0.080 + 0.005)"
        " [embedded:clean, 120 utterances, 1834 words]; some 900 more words would settle it"
    )
    assert expected == estimated.line


def test_what_is_no_number_fails_however_little_evidence_there_is() -> None:
    """Not inconclusive, which may be allowed."""
    assert Status.FAIL is replace(verdict(math.nan), undecided="too few").status
