"""The exit code of a run: 0 if no gate failed, else the most important reason.

pytest's own codes, 0 to 6, keep their meaning; a run that ends with one of 2 to 6 has no verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import IntEnum

from wergate.verdict import Status

_PASSED, _FAILED, _INTERNAL_ERROR = 0, 1, 3


class Cause(IntEnum):
    """Reason why a run did not pass; the value is the exit code."""

    UNEXPLAINED = 1
    ACCURACY = 10
    LATENCY = 11
    INCONCLUSIVE = 12
    SETUP = 13


# Reasons that make the other verdicts incomplete come first, then accuracy, latency and undecided gates: a pipeline
# that tolerates one code must never tolerate a more serious reason with it.
PRECEDENCE = (Cause.SETUP, Cause.UNEXPLAINED, Cause.ACCURACY, Cause.LATENCY, Cause.INCONCLUSIVE)
MEANING: Mapping[int, str] = {
    _PASSED: "all gates passed",
    Cause.UNEXPLAINED: "a test failed, but not by a gate",
    2: "the run was interrupted",
    _INTERNAL_ERROR: "internal pytest error",
    4: "pytest usage error",
    5: "no test was selected",
    6: "more warnings than allowed",
    Cause.ACCURACY: "accuracy failed",
    Cause.LATENCY: "latency failed",
    Cause.INCONCLUSIVE: "inconclusive: not enough evidence to decide",
    Cause.SETUP: "the set-up is broken",
}
_UNDECIDED = "no gate failed, but the evidence does not decide every gate"


def exit_code(pytest_code: int, causes: Collection[Cause]) -> int:
    """Return the exit code of a run that pytest alone would end with `pytest_code`.

    A mistake in the set-up ends a run early, which pytest reports as an interruption if it has workers.
    """
    if pytest_code == _INTERNAL_ERROR:
        return pytest_code
    if Cause.SETUP in causes:
        return Cause.SETUP
    if pytest_code not in {_PASSED, _FAILED}:
        return pytest_code
    return next((cause for cause in PRECEDENCE if cause in causes), pytest_code)


def status_of(code: int, *, undecided: bool = False) -> Status:
    """Return the verdict on the run as a whole.

    Args:
        undecided: whether a gate is INCONCLUSIVE; a run that ends with 0 is then INCONCLUSIVE too.
    """
    if code == Cause.INCONCLUSIVE or (code == _PASSED and undecided):
        return Status.INCONCLUSIVE
    return Status.PASS if code == _PASSED else Status.FAIL


def meaning_of(code: int, *, undecided: bool = False) -> str:
    """Return the meaning of an exit code in a few words; `undecided` as in `status_of`."""
    if code == _PASSED and undecided:
        return _UNDECIDED
    return MEANING.get(code, "ended with a code that this suite does not use")


def cause_of(status: Status, kind: str) -> Cause:
    """Return the reason that a gate which did not pass adds to a run."""
    if status is Status.INCONCLUSIVE:
        return Cause.INCONCLUSIVE
    return Cause.LATENCY if kind == "latency" else Cause.ACCURACY
