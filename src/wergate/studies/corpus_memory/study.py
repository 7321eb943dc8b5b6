"""Peak memory of evaluating a corpus, measured in a separate process that does nothing else.

python -m wergate.studies.corpus_memory.study < request.json
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
from pydantic import BaseModel

from wergate.config.suite import SuiteConfig
from wergate.corpora.audio import Samples
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.transcript_file import TranscriptFile
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.store import Store
from wergate.studies.process import answer, run_module
from wergate.timing.memory import peak_rss_bytes

TEXT = "A PIECE OF SPEECH THAT NOBODY WROTE DOWN"
_SHORTEST_S, _LONGEST_S = 0.2, 1.2
_ROWS = 100  # rows per parquet row group, the size that `datasets` uses for recordings


class MemoryRequest(BaseModel):
    """The corpus to evaluate a model's INT8 IR on, the configuration, and the store with the IRs."""

    config: SuiteConfig
    embedded: Path
    cache_dir: Path
    corpus: Path
    model: str


class MemoryCost(BaseModel):
    """Amount of evaluated speech, and the peak memory of the process."""

    utterances: int
    words: int
    audio_s: float
    peak_mb: float


def write_recordings(path: Path, speech: Samples, rate: int, count: int) -> None:
    """Write `count` short recordings, cut from speech at random positions, as a parquet file."""
    pq.write_table(pa.Table.from_pylist(list(_rows(speech, rate, count))), path, row_group_size=_ROWS)


def _rows(speech: Samples, rate: int, count: int) -> Iterator[dict[str, Any]]:
    generator = np.random.default_rng(count)
    for number in range(count):
        samples = int(generator.uniform(_SHORTEST_S, _LONGEST_S) * rate)
        first = int(generator.integers(len(speech) - samples))
        stream = io.BytesIO()
        soundfile.write(stream, speech[first : first + samples], rate, format="FLAC")
        yield {"id": f"{number:06d}", "audio": {"bytes": stream.getvalue(), "path": None}, "text": TEXT}


def evaluate_in_subprocess(request: MemoryRequest) -> MemoryCost:
    """Evaluate a corpus in a separate process.

    Raises:
        SuiteError: the evaluation failed; the message is the last line that it printed.
    """
    return MemoryCost.model_validate_json(run_module(__spec__.name, request, task="evaluation"))


def main(read: Callable[[], str] = sys.stdin.read) -> int:
    """Read a `MemoryRequest` as JSON, evaluate, and print the `MemoryCost` as the last line."""
    request = MemoryRequest.model_validate_json(read())
    return answer("evaluation", lambda: _evaluated(request))


def _evaluated(request: MemoryRequest) -> MemoryCost:
    transcripts = TranscriptFile(request.corpus.with_suffix(".jsonl"))
    store = Store(request.cache_dir, shared=request.config.shared_cache)
    session = Session(request.config, embedded=request.embedded, store=store, transcripts=transcripts)
    spec = CorpusSpec(request.corpus.name, request.corpus)
    evaluation = session.evaluation(Cell(request.model, spec, "int8"))
    return MemoryCost(
        utterances=len(evaluation.outcomes),
        words=evaluation.candidate.total.words,
        audio_s=evaluation.audio_s,
        peak_mb=peak_rss_bytes() / 1e6,
    )


if __name__ == "__main__":
    sys.exit(main())
