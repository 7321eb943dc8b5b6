"""`--study portability`: INT8 holds on the other CPUs that this one can stand for."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check, record_row
from fixtures.studies.portability import Judge, TryFixes
from wergate.studies.portability.gates import overall
from wergate.studies.portability.rows import portability_row
from wergate.studies.portability.study import Shown
from wergate.verdict import Status

pytestmark = pytest.mark.study("portability")


def test_int8_holds_on_the_instruction_set(
    shown: Shown, judge: Judge, try_fixes: TryFixes, check: Check, request: pytest.FixtureRequest
) -> None:
    """No more is lost than agreed, against the native instruction set and, as everywhere, the reference model."""
    tried = try_fixes(failed=overall(judge(shown)) is Status.FAIL)
    verdicts = judge(shown, tried=tried)
    record_row(request.node, "portability", portability_row(shown, status=overall(verdicts), tried=tried))
    check(*verdicts)
