"""A verdict: one number against one threshold, in one sentence."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Relation = Literal["<=", ">=", "=="]
Kind = Literal["accuracy", "latency"]
_HOLDS: dict[Relation, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge, "==": operator.eq}


class Status(StrEnum):
    """What a gate says."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class Interval:
    """Where the true value lies, with what confidence."""

    low: float
    high: float
    confidence: float = 0.95


@dataclass(frozen=True)
class Verdict:
    """What was measured, what it should be, and what to do where it is not.

    Attributes:
        gate: name of the gate, such as "wer".
        subject: what was gated, such as "INT8".
        value, relation, threshold: the claim.
        basis: where the threshold comes from, such as "pytorch 0.080 + 0.005".
        scope: model, corpus and amount of evidence.
        remedy: the next step where the claim does not hold.
        kind: what a failure says is broken.
        interval: of the value, where it was estimated.
        undecided: why the evidence settles nothing, and how much more would; it makes the verdict INCONCLUSIVE.
    """

    gate: str
    subject: str
    value: float
    relation: Relation
    threshold: float
    scope: str
    remedy: str
    basis: str = ""
    kind: Kind = "accuracy"
    interval: Interval | None = None
    undecided: str = ""

    @property
    def status(self) -> Status:
        """PASS where the claim holds; a NaN holds nothing."""
        if self.undecided and not math.isnan(self.value):
            return Status.INCONCLUSIVE
        return Status.PASS if _HOLDS[self.relation](self.value, self.threshold) else Status.FAIL

    @property
    def line(self) -> str:
        """One sentence, with the next step where it is needed."""
        claim = f"{self.relation} {_number(self.threshold)}"
        basis = f" ({self.basis})" if self.basis else ""
        middle = f", but should be {claim}" if self.status is Status.FAIL else f" {claim}"
        sentence = f"{self.subject} {self.gate}={_number(self.value)}{self._bounds}{middle}{basis} [{self.scope}]"
        if self.status is Status.PASS:
            return sentence
        return f"{sentence}; {self.undecided or self.remedy}"

    @property
    def _bounds(self) -> str:
        if self.interval is None:
            return ""
        low, high = _number(self.interval.low), _number(self.interval.high)
        return f" ({100 * self.interval.confidence:g} % interval {low} to {high})"


def _number(value: float) -> str:
    return f"{value:d}" if isinstance(value, int) else f"{value:.4g}"
