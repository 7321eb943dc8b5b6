"""The study as the registry knows it."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="calibration",
    question="Does it matter which utterances INT8 is calibrated on, and does a tuned drop hold on others?",
    minutes=20,
    where="accuracy/test_calibration.py",
)
