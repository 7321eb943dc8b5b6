"""The study as the registry knows it."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="portability",
    question="Does INT8 hold on CPUs with other instruction sets?",
    minutes=10,
    where="accuracy/test_portability.py",
)
