"""Word error rate: parity for FP16, a bounded drop for INT8."""

from __future__ import annotations

import pytest

from fixtures.report import Gate, Record
from wergate.config import Gates, Precision
from wergate.evaluation import Evaluation
from wergate.gates import headline_verdict, wer_verdict


def test_wer_stays_within_tolerance(
    evaluation: Evaluation, model: str, precision: Precision, gates: Gates, gate: Gate, record_evaluation: Record
) -> None:
    """The candidate's corpus WER is at most the reference model's plus the tolerance."""
    record_evaluation(evaluation)
    gate(wer_verdict(evaluation, gates, subject=precision.upper(), model=model))


@pytest.mark.parametrize("side", ["reference", "candidate"])
def test_torchmetrics_and_jiwer_agree(
    evaluation: Evaluation, side: str, model: str, precision: Precision, gate: Gate
) -> None:
    """The headline of torchmetrics is what jiwer's alignment counts: two libraries, one number."""
    transcripts = evaluation.reference if side == "reference" else evaluation.candidate
    subject = "pytorch" if side == "reference" else precision.upper()
    gate(headline_verdict(transcripts, subject=subject, scope=f"{model}, {evaluation.scope}"))
