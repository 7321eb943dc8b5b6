"""The study as the registry knows it."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="pot",
    question="What does leaving POT for NNCF cost?",
    minutes=15,
    where="accuracy/test_pot.py",
)
