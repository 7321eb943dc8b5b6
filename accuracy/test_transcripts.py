"""Transcripts equal PyTorch's: every utterance for FP16, most of them for INT8."""

from __future__ import annotations

from fixtures.gates.check import Check
from wergate.evaluation.evaluation import Evaluation
from wergate.gates.accuracy import mismatch_lines, mismatch_verdict


def test_transcripts_equal_pytorch(evaluation: Evaluation, check: Check) -> None:
    """Transcripts are compared character by character; each one that differs is shown aligned."""
    differing = "\n".join(mismatch_lines(evaluation, evaluation.variant.thresholds.near_tie_margin))
    print(differing)
    check(mismatch_verdict(evaluation), detail=differing)
