"""The study as the registry knows it."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="throughput",
    question="How much speed do buckets gain, and how near is it to what the cores can do?",
    minutes=10,
    where="benchmarks/test_throughput.py",
)
