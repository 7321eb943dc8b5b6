"""Utterances that are too short for one frame of the model: bad by name before anything runs on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.corpus_forms import json_lines
from tests.support.tiny import RATE, Tiny, encoded, sound, spoken
from wergate.config.loading import load_config
from wergate.errors import SuiteError
from wergate.session.session import Session
from wergate.store import Store

GOOD = 5


def corpus(folder: Path, rows: Sequence[Mapping[str, Any]], *, rate: int = RATE, samples: int = 0) -> Path:
    """Write a manifest of good clips and of rows about one short clip."""
    folder.mkdir()
    for utterance in spoken(range(20, 20 + GOOD)):
        (folder / f"{utterance.id}.flac").write_bytes(utterance.audio)
    (folder / "short.wav").write_bytes(encoded(sound(1, seed=3, rate=rate)[:samples], rate=rate, container="WAV"))
    good = [{"audio_filepath": f"u{number}.flac", "text": "A"} for number in range(20, 20 + GOOD)]
    return json_lines(folder / "m.jsonl", [*good, *rows])


SHORT = [{"audio_filepath": "short.wav", "text": "A"}]
PART = [{"audio_filepath": "u21.flac", "text": "A", "id": "cut", "offset": 0.2, "duration": 0.02}]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store, which gets the FP16 IR alone."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def shortest(tiny: Tiny, cache: Path, tmp_path: Path) -> int:
    """Return the number of samples of the tiny model's first frame."""
    return tiny.session(tmp_path, cache).frontend(str(tiny.model)).shortest_input()


@pytest.mark.parametrize("rate", [RATE, 8000])
def test_an_utterance_without_a_frame_is_bad_by_name(
    rate: int, tiny: Tiny, cache: Path, shortest: int, tmp_path: Path
) -> None:
    """One sample more is enough; the length is that at the model's rate."""
    enough = -(-shortest * rate // RATE)
    for samples in (1, enough - 1, enough):
        path = corpus(tmp_path / str(samples), SHORT, rate=rate, samples=samples)
        session = tiny.session(tmp_path, cache, corpora=f'["{path}"]')
        spec = session.corpora.first(str(tiny.model))
        if samples < enough:
            message = rf"'short.wav': input of {samples * RATE // rate} samples is too short: .*--skip-bad"
            with pytest.raises(SuiteError, match=message):
                session.corpora.corpus(str(tiny.model), spec)
        else:
            assert GOOD + 1 == len(session.corpora.corpus(str(tiny.model), spec))


@pytest.mark.parametrize("rows", [SHORT, PART], ids=["a short file", "a short part"])
@pytest.mark.parametrize("key", ["corpora", "calibration", "both"])
def test_short_utterances_are_skipped_and_counted(
    rows: Sequence[Mapping[str, Any]], key: str, tiny: Tiny, cache: Path, tmp_path: Path
) -> None:
    """The evaluation, the calibration, and the parts of one corpus have none of them."""
    path = corpus(tmp_path / "c", rows, samples=20)
    if key == "both":  # the calibration is a part of the evaluation's corpus
        suite = tiny.suite(tmp_path / "s.toml", corpora=f'["{path}"]', skip_bad="true")
        suite.write_text("\n".join(line for line in suite.read_text().splitlines() if '"calibration" =' not in line))
        session = Session(load_config(suite, {}), embedded=tmp_path / "none", store=Store(cache))
    else:
        value = {"corpora": f'["{path}"]', "calibration": f'"{path}"'}[key]
        session = tiny.session(tmp_path, cache, skip_bad="true", **{key: value})
    model = str(tiny.model)
    evaluated = session.corpora.corpus(model, session.corpora.first(model))
    calibrated = session.corpora.calibration(model)
    short = {"short.wav", "cut"}
    assert not short & {*evaluated.ids, *calibrated.ids}
    skipping = calibrated if key == "calibration" else evaluated
    assert {"too short": 1} == skipping.skipped_by_reason
    assert GOOD == (len(evaluated) + len(calibrated) if key == "both" else len(skipping.whole))


def test_long_utterances_need_no_model(tiny: Tiny, tmp_path: Path) -> None:
    """A mistake in the corpus is found before the FP16 IR is built."""
    session = tiny.session(tmp_path, tmp_path / "empty")
    session.corpora.corpus(str(tiny.model), session.corpora.first(str(tiny.model)))
    assert not (tmp_path / "empty" / "fp16-ir").exists()
