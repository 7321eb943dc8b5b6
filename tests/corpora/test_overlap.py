"""Recordings that two corpora share, in the same encoding or in another."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.tiny import Spoken, write_corpus
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.overlap import shared_recordings
from wergate.corpora.spec import CorpusSpec

RATE = 16_000
SECONDS = (1.0, 1.0, 1.25, 2.0)


def noise(seed: int, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return samples that 16-bit audio holds exactly."""
    levels = np.random.default_rng(seed).integers(-8000, 8000, int(seconds * RATE))
    return (levels / 32768).astype(np.float32)


def corpus(path: Path, recordings: dict[str, int], form: str = "FLAC", subtype: str = "PCM_16") -> Corpus:
    """Return a corpus of noise: the seed of each recording by id."""
    spoken = []
    for id_, seed in recordings.items():
        stream = io.BytesIO()
        soundfile.write(stream, noise(seed, SECONDS[seed % len(SECONDS)]), RATE, format=form, subtype=subtype)
        spoken.append(Spoken(id_, "A", stream.getvalue()))
    return open_corpus(CorpusSpec(path.stem, write_corpus(path, spoken)))


@pytest.mark.parametrize(
    ("form", "subtype"), [("FLAC", "PCM_16"), ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT")]
)
def test_another_encoding_hides_nothing(tmp_path: Path, form: str, subtype: str) -> None:
    """Ids and bytes differ, the samples do not; a recording as long as another is not that one."""
    one = corpus(tmp_path / "one.parquet", {"a": 0, "b": 1, "c": 2})
    other = corpus(tmp_path / "other.parquet", {"x": 5, "y": 2, "z": 4}, form, subtype)
    assert (("c", "y"),) == shared_recordings(one, other, RATE)
    assert (("y", "c"),) == shared_recordings(other, one, RATE)


def test_corpora_without_a_common_recording_share_none(tmp_path: Path) -> None:
    """Also where no duration is common, and nothing is decoded."""
    one = corpus(tmp_path / "one.parquet", {"a": 0, "b": 4})
    assert () == shared_recordings(one, corpus(tmp_path / "far.parquet", {"x": 3}), RATE)
    assert () == shared_recordings(one, corpus(tmp_path / "near.parquet", {"x": 5, "y": 8}), RATE)
