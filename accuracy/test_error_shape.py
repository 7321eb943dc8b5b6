"""Error shape: problems that the word error rate of a whole corpus hides."""

from __future__ import annotations

from fixtures.gates.check import Check
from wergate.evaluation.evaluation import Evaluation
from wergate.gates.error_shape.gates import shape_verdicts
from wergate.gates.error_shape.shape import error_shape


def test_error_shape_keeps_its_budgets(evaluation: Evaluation, check: Check) -> None:
    """Deletions, insertions, letters, lengths, durations and single utterances each stay within a separate budget."""
    check(*shape_verdicts(error_shape(evaluation), evaluation))
