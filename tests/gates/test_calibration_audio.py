"""The gate on calibration audio: the level range of an utterance separates speech from silence and noise."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.mutations.corpus_edits import write
from tests.support.shipped import section
from tests.support.tiny import Spoken, encoded, sound, write_corpus
from wergate.config.quantization import CalibrationAudioSettings
from wergate.corpora.corpus import open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError
from wergate.gates.calibration_audio import AudioStatistics, audio_verdicts, level_range_db, listen, require_enough
from wergate.verdict import Status

RATE = 16_000
SECONDS = np.arange(4 * RATE) / RATE
NOISE = np.random.default_rng(0).normal(0, 0.1, len(SECONDS)).astype(np.float32)
SHIPPED = section(CalibrationAudioSettings)


def failing(statistics: AudioStatistics) -> set[str]:
    """Return the gates that do not pass at the shipped thresholds."""
    return {v.gate for v in audio_verdicts(statistics, SHIPPED, scope="tiny") if v.status is not Status.PASS}


def test_silence_has_no_range() -> None:
    """Silence and audio shorter than one frame have a level range of 0 dB."""
    assert 0.0 == level_range_db(np.zeros(RATE, np.float32), RATE)
    assert 0.0 == level_range_db(np.ones(10, np.float32), RATE)


def test_steady_noise_is_flat_and_syllables_are_not() -> None:
    """Steady noise has a small level range; the same noise modulated at 4 Hz has a large one."""
    assert level_range_db(NOISE, RATE) < 3
    syllables = NOISE * (0.05 + np.square(np.sin(4 * math.pi * SECONDS)))
    assert level_range_db(syllables.astype(np.float32), RATE) > 12


def test_the_range_does_not_depend_on_the_level() -> None:
    """Attenuated audio has the same level range, because the range is a ratio."""
    assert pytest.approx(level_range_db(NOISE, RATE), abs=1e-3) == level_range_db(NOISE / 8, RATE)


def test_each_shortage_has_its_own_gate() -> None:
    """Too few utterances, too little audio and too little speech each fail one gate."""
    assert set() == failing(AudioStatistics(60.0, (20.0,) * 12, "u"))
    assert {"calibration_utterances"} == failing(AudioStatistics(60.0, (20.0,) * 9, "u"))
    assert {"calibration_audio_s"} == failing(AudioStatistics(19.0, (20.0,) * 12, "u"))
    assert {"calibration_speech"} == failing(AudioStatistics(60.0, (20.0,) * 10 + (1.0,) * 2, "u"))


def test_few_named_speakers_fail_and_unnamed_ones_are_said() -> None:
    """Too few named speakers fail; without names, another verdict says that nobody counted them."""
    enough = AudioStatistics(60.0, (20.0,) * 12, "u")
    assert {"calibration_speakers"} == failing(replace(enough, speakers=SHIPPED.speakers_min - 1))
    assert set() == failing(replace(enough, speakers=SHIPPED.speakers_min))
    named, unnamed = (
        [v.line for v in audio_verdicts(replace(enough, speakers=speakers), SHIPPED, scope="tiny")]
        for speakers in (9, 0)
    )
    assert not any("does not name all speakers" in line for line in named)
    assert "the corpus does not name all speakers" in unnamed[0]
    assert not any("calibration_speakers" in line for line in unnamed)


def test_speakers_are_counted(tmp_path: Path) -> None:
    """The corpus counts its speakers; one without a name leaves the number unknown."""
    for names, count in ((("a", "b", "a"), 2), (("a", "", "a"), 0)):
        audio = [{"bytes": encoded(sound(0.5, seed=number))} for number in range(len(names))]
        spoken = zip(names, audio, strict=True)
        rows = [{"id": f"u{n}", "audio": one, "text": "A", "speaker": name} for n, (name, one) in enumerate(spoken)]
        corpus = open_corpus(CorpusSpec("c", write(tmp_path / f"{count}.parquet", rows)))
        assert count == listen(corpus, RATE).speakers


def test_a_shortage_is_remedied_by_more_audio() -> None:
    """Typical speech does not help a corpus that is too small, nor more of it one without speech."""
    verdicts = audio_verdicts(AudioStatistics(19.0, (1.0,) * 9, "u"), SHIPPED, scope="tiny")
    wanted = {verdict.gate: verdict.remedy.partition(" ")[0] for verdict in verdicts}
    assert {
        "calibration_utterances": "record",
        "calibration_audio_s": "record",
        "calibration_speech": "calibrate",
    } == wanted


def test_clipped_and_silent_utterances_are_named(tmp_path: Path) -> None:
    """Such audio widens or starves the ranges of activations; the verdict on speech names the first of each kind."""
    speech = sound(0.5, seed=1)
    audio = {"good": speech, "loud": speech * 9, "louder": speech * 10, "none": 0 * speech}
    utterances = [Spoken(name, "A", encoded(samples, container="WAV")) for name, samples in audio.items()]
    corpus = open_corpus(CorpusSpec("c", write_corpus(tmp_path / "c.parquet", utterances)))
    statistics = listen(corpus, RATE)
    assert {"clipped": ["loud", "louder"], "silent": ["none"]} == statistics.remarks
    basis = [verdict.basis for verdict in audio_verdicts(statistics, SHIPPED, scope="tiny")][-1]
    assert "2 utterances clipped, first 'loud'; 1 utterances silent, first 'none'" in basis


def refusal(folder: Path, seconds: list[float], *, size: int = 300, again: int = 0) -> str:
    """Return the error for recordings of these durations, the first of which occur again; empty if they suffice."""
    rows = [Spoken(f"u{n}", "A LION", encoded(sound(length, seed=n))) for n, length in enumerate(seconds)]
    rows += [row.but(id=f"{row.id} again") for row in rows[:again]]
    corpus = open_corpus(CorpusSpec("mine", write_corpus(folder / "mine.parquet", rows)))
    try:
        require_enough(corpus.hold_out(size)[1], SHIPPED, subset_size=size, of=corpus.name)
    except SuiteError as error:
        return str(error)
    return ""


def test_a_corpus_is_too_small_exactly_if_its_part_is(tmp_path: Path) -> None:
    """A quarter of 40 recordings is ten; a recording that occurs again counts once."""
    assert "" == refusal(tmp_path, [2.5] * 40)
    assert "a quarter of its recordings is 9 utterances, 22.5 s, but at least 10 utterances" in refusal(
        tmp_path, [2.5] * 39
    )
    assert "is 9 utterances" in refusal(tmp_path, [2.5] * 39, again=20)


def test_what_would_do_is_named(tmp_path: Path) -> None:
    """The number of recordings that suffice, by their number and by their duration, or the setting that is too low."""
    few = refusal(tmp_path, [1.0] * 11)
    assert few.startswith("corpus 'mine' is too small to calibrate INT8 on a part of it: a quarter of its recordings ")
    assert "10 utterances (calibration_audio.utterances_min) and 20 s of audio (calibration_audio.audio_s_min)" in few
    assert "which takes about 80 such recordings; record more, name a corpus with --calibration, or gate FP16" in few
    assert "which takes about 40 such recordings" in refusal(tmp_path, [4.0] * 11)
    low = refusal(tmp_path, [4.0] * 40, size=5)
    assert low.startswith("quantization.subset_size = 5 allows 5 utterances, 20.0 s to calibrate INT8 on, but at least")
