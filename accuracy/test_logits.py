"""Logits compared with the reference run, frame by frame."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from wergate.config.models import ModelSettings
from wergate.config.suite import SuiteConfig
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluation import Evaluation
from wergate.gates.accuracy import logits_verdicts, spot_verdicts
from wergate.session.session import Session

_UTTERANCES = 3


def test_logits_stay_close_to_pytorch(evaluation: Evaluation, check: Check) -> None:
    """Differences, signal-to-quantization-noise ratio and argmax agreement meet their thresholds."""
    check(*logits_verdicts(evaluation))


@pytest.mark.judges("int8")
def test_int8_is_compared_with_a_sound_model(
    session: Session,
    suite_config: SuiteConfig,
    model: str,
    model_settings: ModelSettings,
    corpus_spec: CorpusSpec,
    check: Check,
) -> None:
    """Without gates on FP16, a few utterances run on the reference model again, and on the FP16 IR."""
    if "fp16" in suite_config.precisions or "int8" not in suite_config.precisions:
        pytest.skip("only INT8 without FP16 needs it: the gates on FP16 compare all utterances")
    found = session.evaluations.spot_check(model, corpus_spec, _UTTERANCES)
    scope = f"{model}, {corpus_spec.name}, {found.utterances} utterances"
    check(*spot_verdicts(found.reference, found.fp16, model_settings.thresholds.fp16, scope=scope))
