"""Memory does not grow with the corpus: ten thousand utterances in about the memory of a hundred.

Two hours of speech go through both models, which takes minutes; a plain run leaves it out:
`pytest benchmarks/ --study corpus-memory`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.benchmarks.bench import speech_of
from fixtures.gates.check import Check
from fixtures.options import EMBEDDED
from wergate.config.suite import SuiteConfig
from wergate.session.session import Session
from wergate.studies.corpus_memory.study import TEXT, MemoryRequest, evaluate_apart, write_recordings
from wergate.verdict import Verdict

FEW, MANY = 100, 10_000
RATIO_MAX = 1.5  # lines of results, and what the allocators and the runtime's caches take before they are full
POOL_S = 120.0


@pytest.mark.study("corpus-memory")
def test_corpus_memory(session: Session, suite_config: SuiteConfig, model: str, check: Check, tmp_path: Path) -> None:
    """Indexing, both models, scoring, transcripts on disk: a hundred times the utterances, hardly more memory."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for precision in ("fp16", "int8"):
        folder = session.models.ir(model, precision).folder.parent
        (cache / folder.name).symlink_to(folder)  # the IRs are found, the reference runs are not kept
    rate = session.frontend(model).sampling_rate
    speech = session.evaluations.excerpt(model, speech_of(suite_config, model), POOL_S)
    found = []
    for count in (FEW, MANY):
        corpus = tmp_path / f"utterances-{count}.parquet"
        write_recordings(corpus, speech, rate, count)
        request = MemoryRequest(config=suite_config, embedded=EMBEDDED, cache_dir=cache, corpus=corpus, model=model)
        found.append(evaluate_apart(request))
    few, many = found
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
            remedy="see what is kept of each utterance, and how many lengths the runtime remembers",
        )
    )
