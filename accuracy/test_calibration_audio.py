"""The calibration audio of INT8 is speech, there is enough of it, and none of it evaluates INT8."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from wergate.config.models import ModelSettings
from wergate.corpora.corpus import Corpus
from wergate.corpora.overlap import shared_recordings
from wergate.corpora.spec import CorpusSpec
from wergate.gates.calibration_audio import audio_verdicts, listen, overlap_verdict
from wergate.session.session import Session

pytestmark = pytest.mark.judges("int8")  # whatever FP16 is, no calibration made it


def test_calibration_audio_is_speech(
    session: Session, model: str, calibrated_on: Corpus, model_settings: ModelSettings, check: Check
) -> None:
    """Number of utterances, seconds and levels of the calibration corpus meet their thresholds."""
    statistics = listen(calibrated_on, session.frontend(model).sampling_rate)
    check(*audio_verdicts(statistics, model_settings.calibration_audio, scope=f"{model}, {calibrated_on.name}"))


def test_no_recording_calibrates_and_evaluates(
    session: Session, model: str, calibrated_on: Corpus, corpus_spec: CorpusSpec, check: Check
) -> None:
    """No recording of the evaluation corpus is in the calibration corpus, not even in another encoding."""
    rate, evaluated_on = session.frontend(model).sampling_rate, session.corpora.corpus(model, corpus_spec)
    shared = shared_recordings(calibrated_on, evaluated_on, rate)
    check(overlap_verdict(shared, evaluation=evaluated_on.name, scope=f"{model}, {calibrated_on.name}"))
