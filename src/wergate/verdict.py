"""A verdict: one number against one threshold, in one sentence."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Relation = Literal["<=", ">=", "=="]
_HOLDS: dict[Relation, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge, "==": operator.eq}


class Status(StrEnum):
    """What a gate says."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


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
    """

    gate: str
    subject: str
    value: float
    relation: Relation
    threshold: float
    scope: str
    remedy: str
    basis: str = ""

    @property
    def status(self) -> Status:
        """PASS where the claim holds; a NaN holds nothing."""
        return Status.PASS if _HOLDS[self.relation](self.value, self.threshold) else Status.FAIL

    @property
    def line(self) -> str:
        """One sentence, with the next step where it is needed."""
        claim = f"{self.relation} {_number(self.threshold)}"
        basis = f" ({self.basis})" if self.basis else ""
        passed = self.status is Status.PASS
        middle = f" {claim}" if passed else f", but should be {claim}"
        sentence = f"{self.subject} {self.gate}={_number(self.value)}{middle}{basis} [{self.scope}]"
        return sentence if passed else f"{sentence}; {self.remedy}"


def _number(value: float) -> str:
    return f"{value:d}" if isinstance(value, int) else f"{value:.4g}"
