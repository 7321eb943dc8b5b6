"""Headers that promise too little or too much, and files without audio."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from tests.support.corpus_forms import manifest
from tests.support.tiny import RATE, encoded, sound, spoken, write_corpus
from wergate.corpora.audio import Part, Waveform, decode, read_header
from wergate.corpora.corpus import open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.errors import BadUtteranceError, SuiteError

SPEECH = sound(1.0, seed=1)
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 64044\n"


def waveform(data: bytes, part: Part | None = None) -> Waveform:
    """Decode for a 16 kHz model."""
    return decode(data, RATE, name="u1", part=part)


def resized(data: bytes, size: int) -> bytes:
    """Return a WAV whose data chunk states another size."""
    place = data.index(b"data") + 4
    return data[:place] + struct.pack("<I", size) + data[place + 4 :]


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT", "ULAW"])
@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF])
def test_a_wav_that_was_written_to_a_pipe_is_read_to_its_end(size: int, subtype: str, tmp_path: Path) -> None:
    """Its program could not go back to fill in the size."""
    whole = encoded(SPEECH, container="WAV", subtype=subtype)
    streamed = resized(whole, size)
    (tmp_path / "a.wav").write_bytes(streamed)
    for audio in (streamed, tmp_path / "a.wav"):
        assert len(SPEECH) == read_header(audio, name="u1").frames
        np.testing.assert_array_equal(waveform(whole).samples, decode(audio, RATE, name="u1").samples)
    np.testing.assert_array_equal(waveform(whole).samples[1600:3200], waveform(streamed, Part(0.1, 0.1)).samples)


def test_a_wav_without_audio_has_no_samples() -> None:
    """A size of 0 is true where nothing follows."""
    with pytest.raises(BadUtteranceError, match="holds 0 samples"):
        waveform(encoded(np.zeros(0), container="WAV"))


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "FLOAT"),
        ("WAV", "IMA_ADPCM"),
        ("WAVEX", "PCM_24"),
        ("RF64", "PCM_16"),
        ("W64", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("AU", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("CAF", "PCM_16"),
        ("MP3", "MPEG_LAYER_III"),
    ],
)
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_half_a_file_is_bad_by_name(share: float, container: str, subtype: str) -> None:
    """The header states more audio than is there."""
    data = encoded(SPEECH, container=container, subtype=subtype)
    assert len(SPEECH) / RATE == pytest.approx(waveform(data).duration_s, abs=0.1)
    with pytest.raises(
        BadUtteranceError, match=r"utterance 'u1' (is cut short|cannot be decoded|ends after).*--skip-bad"
    ):
        waveform(data[: int(share * len(data))])


def test_a_header_that_counts_itself_is_tolerated() -> None:
    """No audio is missing."""
    data = encoded(SPEECH, container="WAV")
    assert len(SPEECH) == len(waveform(resized(data, 2 * len(SPEECH) + 44)).samples)


@pytest.mark.parametrize("stored", ["file", "bytes"])
def test_a_pointer_is_named(stored: str, tmp_path: Path) -> None:
    """The error names the command that fetches the file."""
    good, bad = spoken(range(2))
    if stored == "file":
        path = manifest(tmp_path, [good, bad])
        (tmp_path / "clips" / f"{bad.id}.flac").write_text(POINTER)
    else:
        path = write_corpus(tmp_path / "c.parquet", [good, bad.but(audio=POINTER.encode())])
    with pytest.raises(SuiteError, match=rf"'.*{bad.id}.*a pointer of Git LFS.*git lfs pull.*--skip-bad"):
        open_corpus(CorpusSpec("c", path))
    assert {"Git LFS pointer": 1} == open_corpus(CorpusSpec("c", path, skip_bad=True)).skipped_by_reason


@pytest.mark.parametrize("name", ["m.jsonl", "m.csv", "c.parquet", "metadata.csv", "a.trans.txt"])
def test_a_corpus_that_is_a_pointer_is_named(name: str, tmp_path: Path) -> None:
    """Tables are stored in Git LFS too."""
    (tmp_path / name).write_text(POINTER)
    path = tmp_path / name if name.startswith("m.") else tmp_path
    with pytest.raises(SuiteError, match=r"a pointer of Git LFS.*git lfs pull"):
        open_corpus(CorpusSpec("c", path, skip_bad=True))
