"""Channels: a speaker in each, the mean of all, and channels that cancel out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.corpus_forms import json_lines
from tests.support.tiny import RATE, encoded, sound
from wergate.corpora.audio import decode
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError

LEFT, RIGHT = sound(0.5, seed=1), sound(0.5, seed=2)


def wav(*channels: np.ndarray) -> bytes:
    """Return a file with one channel for each waveform."""
    return encoded(np.stack(channels, axis=1), container="WAV", subtype="FLOAT")


CALL = wav(LEFT, RIGHT)


def corpus(folder: Path, *rows: Mapping[str, Any], skip_bad: bool = False) -> Corpus:
    """Open a manifest about one call."""
    (folder / "call.wav").write_bytes(CALL)
    (folder / "mono.wav").write_bytes(encoded(LEFT, container="WAV", subtype="FLOAT"))
    cells = [{"audio_filepath": "call.wav", "text": "A"} | row for row in rows]
    return open_corpus(CorpusSpec("c", json_lines(folder / "m.jsonl", cells), skip_bad=skip_bad))


@pytest.mark.parametrize("column", ["channel", "channel_selector"])
@pytest.mark.parametrize("kind", [int, str])
@pytest.mark.parametrize("skip_bad", [False, True])
def test_each_speaker_has_a_channel(column: str, kind: type, skip_bad: bool, tmp_path: Path) -> None:
    """Each utterance has its own samples and digest, and no note, since nothing is mixed."""
    rows = [{column: kind(0)}, {column: kind(1)}, {column: "average"}, {}]
    read = corpus(tmp_path, *rows, skip_bad=skip_bad)
    left, right, average, mean = (utterance.waveform.samples for utterance in read.utterances(RATE))
    np.testing.assert_array_equal(LEFT, left)
    np.testing.assert_array_equal(RIGHT, right)
    np.testing.assert_allclose((LEFT + RIGHT) / 2, mean, atol=1e-6)
    np.testing.assert_array_equal(average, mean)
    assert 3 == len(set(read.digests.values()))


def test_a_part_of_a_channel_is_cut(tmp_path: Path) -> None:
    """Offset, duration and channel hold together."""
    read = corpus(tmp_path, {"channel": 1, "offset": 0.1, "duration": 0.2}, {"channel": 0, "offset": 0.1})
    first, second = (utterance.waveform.samples for utterance in read.utterances(RATE))
    np.testing.assert_array_equal(RIGHT[1600:4800], first)
    np.testing.assert_array_equal(LEFT[1600:], second)


def test_a_recording_of_one_channel_has_no_other(tmp_path: Path) -> None:
    """The calls may be split already; the column then changes neither audio nor digest."""
    plain = corpus(tmp_path, {"audio_filepath": "mono.wav"})
    stated = corpus(tmp_path, {"audio_filepath": "mono.wav", "channel": "B"})
    assert plain.fingerprint == stated.fingerprint


@pytest.mark.parametrize("channel", [2, "left", -1, 0.5])
def test_a_wrong_channel_is_bad_by_name(channel: object, tmp_path: Path) -> None:
    """The error names the channels that there are."""
    with pytest.raises(
        SuiteError, match=rf"channel of utterance 'call.wav' is '{channel}', but .* 2 channels; .*--skip"
    ):
        corpus(tmp_path, {"channel": channel})
    read = corpus(tmp_path, {"channel": channel}, {"channel": 1}, skip_bad=True)
    assert ({"wrong channel": 1}, 1) == (read.skipped_by_reason, len(read))


def test_a_channel_of_stored_audio_is_read(tmp_path: Path) -> None:
    """Parquet may hold the call itself; the corpus counts as unchanged."""
    rows = [{"audio": {"bytes": CALL, "path": None}, "text": "A", "channel": number} for number in (0, 1)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "c.parquet")
    read = list(open_corpus(CorpusSpec("c", tmp_path / "c.parquet")).utterances(RATE))
    np.testing.assert_array_equal(np.stack([LEFT, RIGHT]), np.stack([u.waveform.samples for u in read]))


@pytest.mark.parametrize(
    ("channels", "noted"),
    [
        pytest.param((LEFT, -LEFT), True, id="in antiphase"),
        pytest.param((LEFT, -0.9 * LEFT), True, id="nearly in antiphase"),
        pytest.param((LEFT, LEFT), False, id="equal"),
        pytest.param((LEFT, RIGHT), False, id="a speaker in each"),
        pytest.param((LEFT, 0 * LEFT), False, id="one empty"),
    ],
)
def test_channels_that_cancel_out_are_noted(channels: tuple[np.ndarray, ...], noted: bool) -> None:
    """The mean of channels in antiphase is silence."""
    notes = decode(wav(*channels), RATE, name="u1").notes
    assert "mixed down from 2 channels" in notes
    assert noted == any("cancel out" in note for note in notes)
