"""Logits, frame by frame, against the reference run."""

from __future__ import annotations

from fixtures.gates.check import Check
from wergate.evaluation.evaluation import Evaluation
from wergate.gates.accuracy import logits_verdicts


def test_logits_stay_close_to_pytorch(evaluation: Evaluation, check: Check) -> None:
    """Differences, signal-to-quantization-noise ratio and best labels hold their thresholds."""
    check(*logits_verdicts(evaluation))
