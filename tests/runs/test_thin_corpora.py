"""Corpora with too little evidence: one utterance, no word, one speaker."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import spoken, write_corpus


def gated(warm: Warm, corpus: Path, folder: Path, *options: str) -> Run:
    """Run the WER gate of FP16 on a corpus."""
    given = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--corpus", str(corpus), *options)
    return run(["accuracy/test_wer.py"], *given, "--precisions", "fp16", results=folder / "results.json")


def test_one_utterance_settles_nothing(warm: Warm, tmp_path: Path) -> None:
    """The gate gives the reason, and undefined figures are null."""
    done = gated(warm, write_corpus(tmp_path / "one.parquet", spoken([20])), tmp_path)
    (row,) = done.gate("wer", "FP16")
    assert (12, "INCONCLUSIVE") == (done.code, row["status"]), done.output
    assert row["line"].endswith("one utterance cannot be resampled: evaluate at least two")
    assert done.results is not None
    assert {"low": None, "high": None, "confidence": 0.95} == done.results["evaluations"][0]["paired"]["interval"]


def test_a_corpus_without_a_word_ends_the_run(warm: Warm, tmp_path: Path) -> None:
    """In one line, without a traceback."""
    silent = [one.but(text="(MUSIC)") for one in spoken([20, 21])]
    done = gated(warm, write_corpus(tmp_path / "silent.parquet", silent), tmp_path, "--normalizer", "english")
    assert done.code not in {0, 10, 12}, done.output
    assert "ERROR: corpus 'silent' has no words in its 2 transcripts after the normalizer 'english'" in done.output
    assert "Traceback" not in done.output


def test_one_speaker_is_said(warm: Warm, tmp_path: Path) -> None:
    """A note warns about the confidence intervals."""
    path = write_corpus(tmp_path / "alone.parquet", spoken([20, 21, 22]))
    table = pq.read_table(path)
    pq.write_table(table.append_column("speaker", [["kal"] * 3]), path)
    done = gated(warm, path, tmp_path)
    assert "alone: single speaker: confidence intervals do not generalize to other speakers" in done.text
    assert done.results is not None
    paired = done.results["evaluations"][0]["paired"]
    assert ("utterance", 3, 1) == (paired["unit"], paired["units"], paired["speakers"])
