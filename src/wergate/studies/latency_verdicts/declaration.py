"""The study as the registry knows it."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="latency-verdicts",
    question="How often is a verdict on latency wrong?",
    minutes=35,
    where="benchmarks/test_latency_verdicts.py",
)
