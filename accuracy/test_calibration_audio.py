"""The calibration audio of INT8 is speech, and there is enough of it."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from wergate.config.models import ModelSettings
from wergate.corpora.corpus import Corpus
from wergate.gates.calibration_audio import audio_verdicts, listen
from wergate.session.session import Session

pytestmark = pytest.mark.judges("int8")  # whatever FP16 is, no calibration made it


def test_calibration_audio_is_speech(
    session: Session, model: str, calibrated_on: Corpus, model_settings: ModelSettings, check: Check
) -> None:
    """Number of utterances, seconds and levels of the calibration corpus meet their thresholds."""
    statistics = listen(calibrated_on, session.frontend(model).sampling_rate)
    check(*audio_verdicts(statistics, model_settings.calibration_audio, scope=f"{model}, {calibrated_on.name}"))
