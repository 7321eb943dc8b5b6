"""The study as the registry knows it."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="growth",
    question="How do latency, speed, compilation and memory grow?",
    minutes=10,
    where="benchmarks/test_growth.py",
)
