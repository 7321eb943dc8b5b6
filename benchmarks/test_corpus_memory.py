"""Memory does not grow with the corpus: ten thousand utterances in about the memory of a hundred.

Two hours of speech go through both models, which takes minutes; a plain run leaves it out:
`pytest benchmarks/ --study corpus-memory`.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from fixtures.benchmarks import speech_of
from fixtures.report import Gate
from wergate.config.suite import SuiteConfig
from wergate.corpora.audio import Samples
from wergate.session.session import Session
from wergate.verdict import Verdict

FEW, MANY = 100, 10_000
SHORTEST_S, LONGEST_S = 0.2, 1.2
RATIO_MAX = 1.5  # lines of results, and what the allocators and the runtime's caches take before they are full
POOL_S = 120.0
ROWS = 100  # in a row group, as `datasets` writes recordings
TEXT = "A PIECE OF SPEECH THAT NOBODY WROTE DOWN"
ROOT = Path(__file__).parents[1]

EVALUATE = """
import json, sys
from pathlib import Path
from fixtures.options import EMBEDDED, SUITE
from wergate.session.matrix import Cell, corpus_specs
from wergate.config.loading import load_config
from wergate.session.session import Session
from wergate.store import Store
from wergate.evaluation.transcript_file import TranscriptFile

suite, corpus, cache, model, calibration = sys.argv[1:]
config = load_config(Path(suite), {"corpora": [corpus], "models": [model], "calibration": calibration}, base=SUITE)
transcripts = TranscriptFile(Path(corpus).with_suffix(".jsonl"))
session = Session(config, embedded=EMBEDDED, store=Store(Path(cache)), transcripts=transcripts)
(spec,) = corpus_specs(config, corpus, EMBEDDED)
evaluation = session.evaluation(Cell(model, spec, "int8"))
(peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps({
    "utterances": len(evaluation.outcomes),
    "words": evaluation.candidate.total.words,
    "audio_s": evaluation.audio_s,
    "seconds": evaluation.elapsed_s,
    "peak_mb": int(peak.split()[1]) * 1024 / 1e6,
}))
"""


def rows(speech: Samples, rate: int, count: int) -> Iterator[dict[str, Any]]:
    """Yield short recordings, cut out of speech at random."""
    generator = np.random.default_rng(count)
    for number in range(count):
        samples = int(generator.uniform(SHORTEST_S, LONGEST_S) * rate)
        first = int(generator.integers(len(speech) - samples))
        stream = io.BytesIO()
        soundfile.write(stream, speech[first : first + samples], rate, format="FLAC")
        yield {"id": f"{number:06d}", "audio": {"bytes": stream.getvalue(), "path": None}, "text": TEXT}


def evaluated(suite: Path, corpus: Path, cache: Path, model: str) -> dict[str, float]:
    """Evaluate a corpus in a process of its own, and return what that took."""
    command = [sys.executable, "-c", EVALUATE, str(suite), str(corpus), str(cache), model, "embedded:calibration"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


@pytest.mark.study("corpus-memory")
def test_corpus_memory(
    session: Session, suite_config: SuiteConfig, model: str, gate: Gate, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """Indexing, both models, scoring, transcripts on disk: a hundred times the utterances, hardly more memory."""
    suite = Path(pytestconfig.option.suite or pytestconfig.rootpath / "suite.toml").resolve()
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
        pq.write_table(pa.Table.from_pylist(list(rows(speech, rate, count))), corpus, row_group_size=ROWS)
        found.append(evaluated(suite, corpus, cache, model))
    few, many = found
    assert (FEW, MANY, MANY * len(TEXT.split())) == (few["utterances"], many["utterances"], many["words"])
    gate(
        Verdict(
            gate="memory_ratio",
            subject="INT8",
            value=many["peak_mb"] / few["peak_mb"],
            relation="<=",
            threshold=RATIO_MAX,
            basis=f"{few['peak_mb']:.0f} MB for {FEW}, {many['peak_mb']:.0f} MB for {MANY} ({many['audio_s']:.0f} s)",
            scope=f"{model}, short utterances",
            remedy="see what is kept of each utterance, and how many lengths the runtime remembers",
        )
    )
