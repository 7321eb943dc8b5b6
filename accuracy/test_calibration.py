"""`--study calibration`: INT8 does not depend on the drawn utterances, and a tuned WER drop generalizes."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check, record_row
from wergate.config.models import ModelSettings
from wergate.studies.calibration.accuracy_control import ControlledModel, HeldOutDrop
from wergate.studies.calibration.gates import control_verdicts, held_out_verdict, spread_verdicts
from wergate.studies.calibration.rows import accuracy_control_row, calibration_study_row
from wergate.studies.calibration.study import CalibrationSpread

pytestmark = pytest.mark.study("calibration")


def test_the_choice_of_calibration_utterances_hardly_matters(
    recalibrated: CalibrationSpread,
    model: str,
    model_settings: ModelSettings,
    check: Check,
    request: pytest.FixtureRequest,
) -> None:
    """INT8 models that were calibrated on different utterances have similar WER and SQNR."""
    settings = model_settings.calibration_study
    record_row(request.node, "calibration_studies", calibration_study_row(recalibrated, settings, model=model))
    check(*spread_verdicts(recalibrated, settings))


def test_accuracy_control_stays_within_its_drop(
    controlled: ControlledModel, model: str, model_settings: ModelSettings, check: Check
) -> None:
    """On the tuning utterances the drop is at most the limit, and most of the work still runs in 8 bit."""
    check(*control_verdicts(controlled, model_settings.accuracy_control, model=model))


def test_the_drop_holds_on_utterances_that_were_not_tuned_on(
    controlled: ControlledModel,
    unseen: HeldOutDrop,
    model: str,
    model_settings: ModelSettings,
    check: Check,
    request: pytest.FixtureRequest,
) -> None:
    """The drop is gated on utterances that were not used for tuning, because tuning can overfit."""
    settings = model_settings.accuracy_control
    record_row(request.node, "accuracy_controls", accuracy_control_row(controlled, unseen, settings, model=model))
    check(held_out_verdict(unseen, settings, model=model))
