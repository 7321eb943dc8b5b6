"""The study as the registry knows it."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="benchmark-app",
    question="Are our figures those of OpenVINO's benchmark_app?",
    minutes=4,
    where="benchmarks/test_benchmark_app.py",
)
