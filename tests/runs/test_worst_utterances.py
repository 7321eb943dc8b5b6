"""`--worst N` and `--worst-audio DIR`: the utterances that got worst, also if all gates pass."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.stored_reference import rewrite_reference
from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import RATE, Tiny, encoded, sound, spoken
from wergate.corpora.corpus import open_corpus
from wergate.corpora.listening import write_recordings
from wergate.corpora.spec import CorpusSpec

TEXTS = {row.id: row.text for row in spoken(range(4))}


@pytest.fixture
def cache(warm: Warm, tmp_path: Path) -> Path:
    """A copy of the store in which the reference model makes no error in two utterances, and IRs do."""
    for row in warm.cold.results["artifacts"]:
        folder = Path(row["kind"], row["key"][:32])
        shutil.copytree(warm.cache / folder, tmp_path / "cache" / folder, dirs_exist_ok=True)
    rewrite_reference(tmp_path / "cache", {number: TEXTS[f"u{number}"] for number in (1, 2)})
    return tmp_path / "cache"


def worst(warm: Warm, cache: Path, *options: str) -> Run:
    """Run the gate on INT8's word errors."""
    given = ("--suite", str(warm.suite), "--cache-dir", str(cache), "--precisions", "int8", *options)
    return run(["accuracy/test_wer.py"], *given)


def test_the_worst_are_listed_where_all_gates_pass(warm: Warm, cache: Path, tiny: Tiny) -> None:
    """Id, errors added, place of the audio, and three aligned texts; most errors first, and no more than asked for."""
    done = worst(warm, cache, "--worst", "1")
    assert 0 == done.code, done.output
    lines = done.output.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("worst utterances, "))
    assert lines[first] == (
        f"worst utterances, INT8 of {tiny.model} on evaluation: 1 of 2 with more word errors than pytorch"
    )
    assert ["1. u1: word errors +5 (pytorch 0, INT8 5)", f"   audio: {tiny.corpus}, row 1"] == lines[
        first + 2 : first + 4
    ]
    texts = {line.split()[0]: line.split()[1:] for line in lines[first + 4 : first + 7]}
    assert TEXTS["u1"].split() == texts["reference"] == texts["pytorch"]
    assert "INT8" in texts
    assert not any(line.startswith("2. u") for line in lines)


def test_their_audio_is_written_also_by_workers(warm: Warm, cache: Path, tiny: Tiny, tmp_path: Path) -> None:
    """As WAV, one file an utterance, with the samples that the model heard; the list names the files."""
    done = worst(warm, cache, "--worst-audio", str(tmp_path / "heard"), "-n", "2")
    assert 0 == done.code, done.output
    files = sorted((tmp_path / "heard").rglob("*"))
    assert [f"{tmp_path}/heard/evaluation{name}" for name in ("", "/u1.wav", "/u2.wav")] == [*map(str, files)]
    heard = {u.id: u.waveform.samples for u in open_corpus(CorpusSpec("c", tiny.corpus)).utterances(RATE)}
    for path in files[1:]:
        samples, rate = soundfile.read(path, dtype="float32")
        assert RATE == rate
        np.testing.assert_allclose(samples, heard[path.stem], atol=1e-4)
        assert f"   WAV: {path}" in done.output.splitlines()


def test_nothing_worse_is_said(warm: Warm) -> None:
    """INT8 of the plain store makes no more errors than PyTorch; without the option nothing is printed."""
    line = "none has more word errors than pytorch"
    assert line in worst(warm, warm.cache, "--worst", "3").text
    assert line not in worst(warm, warm.cache).text


def manifest(folder: Path) -> Path:
    """Write two recordings and a manifest, the second of which is a part of its file."""
    for name in ("one", "two"):
        (folder / f"{name}.flac").write_bytes(encoded(sound(2.0, seed=len(name))))
    rows = [
        {"audio_filepath": "one.flac", "text": "A", "id": "a/b: c"},
        {"audio_filepath": "two.flac", "text": "B", "id": "é", "offset": 0.5, "duration": 1.0},
    ]
    path = folder / "m.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_place_of_audio_is_its_file(tmp_path: Path) -> None:
    """With the start of a part of a longer recording."""
    corpus = open_corpus(CorpusSpec("m", manifest(tmp_path)))
    assert [f"{tmp_path}/one.flac", f"{tmp_path}/two.flac, from 0.5 s"] == [corpus.place(i) for i in corpus.ids]


def test_any_id_makes_a_file_name(tmp_path: Path) -> None:
    """Ids that no file system accepts are changed, and stay different; a part is written alone."""
    corpus = open_corpus(CorpusSpec("m", manifest(tmp_path)))
    written = write_recordings(corpus, corpus.ids, tmp_path / "out", RATE)
    assert {"a/b: c", "é"} == set(written)
    assert [True, True] == [path.is_file() and path.parent == tmp_path / "out" / "m" for path in written.values()]
    assert written["a/b: c"].name.startswith("a-b-c-")
    assert 1.0 == soundfile.info(written["é"]).duration
