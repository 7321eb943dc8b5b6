"""Declaration of the study `peers`."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="peers",
    question="How fast and how accurate are other engines on the same work?",
    minutes=10,
    where="benchmarks/test_peers.py",
)
