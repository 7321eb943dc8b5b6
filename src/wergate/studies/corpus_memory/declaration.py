"""Declaration of the study `corpus-memory`."""

from __future__ import annotations

from wergate.studies.base import Study

STUDY = Study(
    name="corpus-memory",
    question="Does memory grow with the size of the corpus?",
    minutes=8,
    where="benchmarks/test_corpus_memory.py",
)
