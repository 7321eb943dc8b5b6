"""Logits, frame by frame, against the reference run."""

from __future__ import annotations

from fixtures.report import Gate
from wergate.evaluation.evaluation import Evaluation
from wergate.gates.accuracy import logits_verdicts


def test_logits_stay_close_to_pytorch(evaluation: Evaluation, gate: Gate) -> None:
    """Differences, signal-to-quantization-noise ratio and best labels hold their thresholds."""
    gate(*logits_verdicts(evaluation))
