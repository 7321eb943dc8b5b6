"""Verdicts, each of which compares one value with one threshold and puts the result in one sentence."""

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
    """The outcome of a gate."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


def holds(value: float, relation: Relation, threshold: float) -> bool:
    """Return whether a value relates to a threshold as required; a NaN never does."""
    return _HOLDS[relation](value, threshold)


@dataclass(frozen=True)
class Interval:
    """A confidence interval; `confidence` is a fraction."""

    low: float
    high: float
    confidence: float = 0.95


@dataclass(frozen=True)
class Verdict:
    """A measured value, the threshold it is compared with, and the next step if the gate fails.

    Attributes:
        gate: name of the gate, such as "wer".
        subject: variant that was gated, such as "INT8".
        value: measured value.
        relation: how the value must relate to the threshold.
        threshold: largest, smallest or only accepted value.
        scope: model, corpus and number of samples.
        remedy: next step if the gate fails.
        basis: origin of the threshold, such as "pytorch 0.080 + 0.005".
        kind: property that a failure puts in doubt.
        interval: confidence interval of the value, if it was estimated.
        undecided: why the samples do not decide the gate, and how many more would; empty if they decide it.
            Any text makes the verdict INCONCLUSIVE.
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
        """PASS if the value relates to the threshold as required; a NaN always fails."""
        if self.undecided and not math.isnan(self.value):
            return Status.INCONCLUSIVE
        return Status.PASS if holds(self.value, self.relation, self.threshold) else Status.FAIL

    @property
    def line(self) -> str:
        """The verdict in one sentence; unless it is PASS, the next step follows."""
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
