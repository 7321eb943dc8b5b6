"""Memory of an open corpus: only its entries, for any size and any row groups of its parquet file."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.corpus_forms import manifest
from tests.support.tiny import RATE, encoded, sound, spoken
from wergate.corpora.corpus import open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.progress import Item

CLIP = encoded(sound(1.0, seed=1), container="WAV")  # 32 kB


def peak_of(path: Path) -> int:
    """Return Arrow's peak between two utterances plus Python's peak, in bytes, while indexing and decoding."""
    allocated: list[int] = []

    def watched(items: Iterable[Item], _description: str = "", _total: int | None = None) -> Iterator[Item]:
        for item in items:
            allocated.append(pa.total_allocated_bytes())
            yield item

    before = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        corpus = open_corpus(CorpusSpec("c", path, skip_bad=True), progress=watched)
        assert len(corpus) == len(list(watched(u.id for u in corpus.utterances(RATE))))
        return max(allocated) - before + tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("group", [50, 100_000], ids=["many row groups", "one row group"])
def test_memory_does_not_grow_with_a_parquet(group: int, tmp_path: Path) -> None:
    """Eight times as many recordings, 26 MB in all, take at most 2 MB more, even if a fifth of them is skipped."""
    peaks = []
    for count in (100, 800):
        audio = [CLIP if n % 5 else b"noise" * 6000 for n in range(count)]
        cells = {"audio": audio, "text": ["A"] * count}
        path = tmp_path / f"{count}.parquet"
        layout = {"compression": "none", "use_dictionary": False, "write_batch_size": 16}
        pq.write_table(pa.table(cells), path, row_group_size=group, **layout)
        peaks.append(peak_of(path))
    assert peaks[1] - peaks[0] < 2e6, peaks


def test_memory_does_not_grow_with_what_is_skipped(tmp_path: Path) -> None:
    """A skipped utterance does not keep its audio in memory."""
    poisoned = encoded(np.full(RATE, np.nan, np.float32), container="WAV", subtype="FLOAT")
    peaks = []
    for count in (10, 200):
        rows = [u.but(id=f"u{n}", audio=poisoned if n else CLIP) for n, u in enumerate(spoken([1]) * count)]
        peaks.append(peak_of(manifest(tmp_path / str(count), rows)))
    assert peaks[1] - peaks[0] < 1e6, peaks
