"""Declaration of the study `throughput`."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="throughput",
    question="How much throughput do buckets gain, and how close is it to the hardware limit?",
    minutes=10,
    where="benchmarks/test_throughput.py",
)
