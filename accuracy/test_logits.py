"""Logits compared with the reference run, frame by frame."""

from __future__ import annotations

from fixtures.gates.check import Check
from wergate.evaluation.evaluation import Evaluation
from wergate.gates.accuracy import logits_verdicts


def test_logits_stay_close_to_pytorch(evaluation: Evaluation, check: Check) -> None:
    """Differences, signal-to-quantization-noise ratio and argmax agreement meet their thresholds."""
    check(*logits_verdicts(evaluation))
