"""Declaration of the study `latency-verdicts`."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="latency-verdicts",
    question="How often is a latency verdict wrong?",
    minutes=35,
    where="benchmarks/test_latency_verdicts.py",
)
