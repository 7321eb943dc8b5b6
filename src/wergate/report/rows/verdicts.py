"""Rows of the results about verdicts and about comparisons with stored word errors."""

from __future__ import annotations

from typing import Literal

from wergate.evaluation.rows import IntervalRow, ResultRow, finite, interval_row
from wergate.verdict import Kind, Status, Verdict, holds


class RegressionRow(ResultRow):
    """Word errors of a variant compared with the stored baseline of this machine type, toolchain, model and corpus."""

    model: str
    corpus: str
    variant: str
    outcome: Literal["absent", "not compared", "worse", "same", "better"]
    line: str


class VerdictRow(ResultRow):
    """The verdict of one gate; `value` is null if it is not finite, `interval` if nothing was estimated."""

    test: str
    model: str | None
    corpus: str | None
    gate: str
    subject: str
    status: Status
    value: float | None
    relation: Literal["<=", ">=", "=="]
    threshold: float
    kind: Kind
    interval: IntervalRow | None
    line: str

    @property
    def contradiction(self) -> str | None:
        """The reason why value and threshold give another status; None if they do not, or without a finite value."""
        if self.value is None or self.status is Status.INCONCLUSIVE:
            return None
        held = holds(self.value, self.relation, self.threshold)
        if held == (self.status is Status.PASS):
            return None
        claim = f"{self.value:g} is {'' if held else 'not '}{self.relation} {self.threshold:g}"
        return f"says {self.status} for {self.gate} of {self.subject}, where {claim}"


def verdict_row(verdict: Verdict, *, test: str, model: str | None, corpus: str | None) -> VerdictRow:
    """Return the row of a verdict.

    Args:
        test: pytest id of the test that gave the verdict.
    """
    return VerdictRow(
        test=test,
        model=model,
        corpus=corpus,
        gate=verdict.gate,
        subject=verdict.subject,
        status=verdict.status,
        value=finite(verdict.value),
        relation=verdict.relation,
        threshold=verdict.threshold,
        kind=verdict.kind,
        interval=verdict.interval and interval_row(verdict.interval),
        line=verdict.line,
    )
