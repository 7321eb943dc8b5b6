"""Memory does not grow with the corpus: 10,000 utterances need about as much as 100.

Two hours of speech run through both models, which takes minutes, so only `pytest benchmarks/ --study corpus-memory`
runs this test.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.benchmarks.bench import speech_of
from fixtures.gates.check import Check
from fixtures.options import EMBEDDED
from wergate.config.suite import SuiteConfig
from wergate.session.session import Session
from wergate.studies.corpus_memory.study import TEXT, MemoryRequest, evaluate_in_subprocess, write_recordings
from wergate.verdict import Verdict

FEW, MANY = 100, 10_000
RATIO_MAX = 1.5  # allows for the outcomes of all utterances, and for caches that are not yet full after a few
POOL_S = 120.0


@pytest.mark.study("corpus-memory")
def test_corpus_memory(session: Session, suite_config: SuiteConfig, model: str, check: Check, tmp_path: Path) -> None:
    """Indexing, both models, scoring and the transcript file need hardly more memory for 100 times the utterances."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for precision in ("fp16", "int8"):
        folder = session.models.ir(model, precision).folder.parent
        # a new cache that links only to the IRs, so that the reference run is measured, too
        (cache / folder.name).symlink_to(folder)
    rate = session.frontend(model).sampling_rate
    speech = session.evaluations.excerpt(model, speech_of(suite_config, model), POOL_S)
    costs = []
    for count in (FEW, MANY):
        corpus = tmp_path / f"utterances-{count}.parquet"
        write_recordings(corpus, speech, rate, count)
        request = MemoryRequest(config=suite_config, embedded=EMBEDDED, cache_dir=cache, corpus=corpus, model=model)
        costs.append(evaluate_in_subprocess(request))
    few, many = costs
    assert (FEW, MANY, MANY * len(TEXT.split())) == (few.utterances, many.utterances, many.words)
    check(
        Verdict(
            gate="memory_ratio",
            subject="INT8",
            value=many.peak_mb / few.peak_mb,
            relation="<=",
            threshold=RATIO_MAX,
            basis=f"{few.peak_mb:.0f} MB for {FEW}, {many.peak_mb:.0f} MB for {MANY} ({many.audio_s:.0f} s)",
            scope=f"{model}, short utterances",
            remedy="check what the evaluation keeps of each utterance, and how many lengths the runtime caches",
        )
    )
