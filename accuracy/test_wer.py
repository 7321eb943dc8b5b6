"""Word error rate: parity for FP16, a bounded drop for INT8."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check, RecordEvaluation
from wergate.config.models import ModelSettings
from wergate.config.suite import SuiteConfig
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluation import Evaluation
from wergate.gates.accuracy import headline_verdict, left_out_verdict, reference_verdict
from wergate.gates.wer import wer_verdict
from wergate.session.session import Session


def test_wer_stays_within_tolerance(
    evaluation: Evaluation, suite_config: SuiteConfig, check: Check, record_evaluation: RecordEvaluation
) -> None:
    """The candidate's corpus WER is at most the reference model's plus the tolerance, within its interval."""
    verdict = wer_verdict(evaluation, min_words=suite_config.min_words)
    record_evaluation(evaluation, verdict.status)
    check(verdict)


def test_no_utterance_is_left_out(
    evaluation: Evaluation, session: Session, model: str, corpus_spec: CorpusSpec, check: Check
) -> None:
    """The error rates are those of all utterances of the corpus."""
    check(left_out_verdict(evaluation, session.corpora.corpus(model, corpus_spec).ids))


@pytest.mark.parametrize("side", ["reference", "candidate"])
def test_torchmetrics_and_jiwer_agree(evaluation: Evaluation, side: str, check: Check) -> None:
    """The WER of torchmetrics equals the one from jiwer's alignment: two libraries, one number."""
    transcripts = evaluation.reference if side == "reference" else evaluation.candidate
    if transcripts.headline is None:
        pytest.skip("torchmetrics is not installed: only jiwer counts word errors")
    subject = evaluation.engine if side == "reference" else evaluation.variant.subject
    check(headline_verdict(transcripts, subject=subject, scope=evaluation.scope))


def test_reference_recognizer_understands_the_corpus(
    evaluation: Evaluation, model_settings: ModelSettings, check: Check
) -> None:
    """The reference recognizer's own WER is low enough: parity with a useless recognizer proves nothing."""
    threshold = model_settings.thresholds.reference_wer_max
    if threshold is None:
        pytest.skip("thresholds.reference_wer_max is not set: the reference recognizer's own WER is reported only")
    check(reference_verdict(evaluation, threshold))
