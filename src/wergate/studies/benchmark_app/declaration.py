"""Declaration of the study `benchmark-app`."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="benchmark-app",
    question="Do the suite's measurements agree with OpenVINO's benchmark_app?",
    minutes=4,
    where="benchmarks/test_benchmark_app.py",
)
