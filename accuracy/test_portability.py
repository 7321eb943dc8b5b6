"""`--study portability`: INT8 stays accurate on the instruction sets that this CPU can be limited to."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check, record_row
from fixtures.studies.portability import Judge, TryFixes
from wergate.studies.portability.gates import overall
from wergate.studies.portability.rows import portability_row
from wergate.studies.portability.study import IsaResult
from wergate.verdict import Status

pytestmark = pytest.mark.study("portability")


def test_int8_is_accurate_on_the_instruction_set(
    isa_result: IsaResult, judge: Judge, try_fixes: TryFixes, check: Check, request: pytest.FixtureRequest
) -> None:
    """The loss is within its limits, compared with the native instruction set and with the reference model."""
    tried = try_fixes(failed=overall(judge(isa_result)) is Status.FAIL)
    verdicts = judge(isa_result, tried=tried)
    record_row(request.node, "portability", portability_row(isa_result, status=overall(verdicts), tried=tried))
    check(*verdicts)
