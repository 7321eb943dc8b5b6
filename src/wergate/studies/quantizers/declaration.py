"""The study as the registry knows it."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="quantizers",
    question="What does each way of quantizing give, and what does it cost?",
    minutes=15,
    where="accuracy/test_quantizers.py",
)
