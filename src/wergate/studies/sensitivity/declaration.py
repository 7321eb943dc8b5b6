"""The study as the registry knows it."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="sensitivity",
    question="Which layers cost accuracy, and which is the smallest ignored scope that brings it back?",
    minutes=10,
    where="accuracy/test_sensitivity.py",
)
