"""Declaration of the study `growth`."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="growth",
    question="How do latency, throughput, compilation time and memory grow with the input?",
    minutes=10,
    where="benchmarks/test_growth.py",
)
