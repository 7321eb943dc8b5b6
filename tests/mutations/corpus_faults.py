"""Faults in corpora: calibration audio, sampling rates, swapped transcripts."""

from __future__ import annotations

from functools import partial

import numpy as np
import soxr

from tests.mutations.corpus_edits import RATE, Row, Samples, encoded, heard, rows, write
from tests.mutations.fault import Fault, Scratch

_AUDIO_GATE = ("accuracy/test_calibration_audio.py",)  # seen before anything is quantized
_FEW = 12
_GENERATOR = np.random.default_rng(0)


def _silence(samples: Samples) -> Samples:
    return np.zeros_like(samples)


def _noise(samples: Samples) -> Samples:
    return _GENERATOR.normal(0, 0.1, samples.shape).astype(np.float32)


def calibrate(scratch: Scratch, found: list[Row]) -> None:
    """Make the run calibrate INT8 on these rows."""
    path = write(scratch.folder / "calibration.parquet", found)
    scratch.options.append(f"--calibration={path}")


def calibrate_on_silence(scratch: Scratch) -> None:
    calibrate(scratch, [heard(row, _silence) for row in rows("calibration")[:_FEW]])


def calibrate_on_noise(scratch: Scratch) -> None:
    calibrate(scratch, [heard(row, _noise) for row in rows("calibration")[:_FEW]])


def calibrate_on_one(scratch: Scratch) -> None:
    calibrate(scratch, rows("calibration")[:1])


def calibrate_on_one_voice(scratch: Scratch) -> None:
    voice = rows("calibration")[0]["speaker"]
    calibrate(scratch, [row for row in rows("calibration") if row["speaker"] == voice][:_FEW])


def calibrate_on_the_evaluation_as_wav(scratch: Scratch) -> None:
    calibrate(scratch, [encoded(row, "WAV") for row in rows("other")])


def evaluate_on(scratch: Scratch, found: list[Row]) -> None:
    """Make the run evaluate these rows; the calibration corpus stays."""
    path = write(scratch.folder / "other.parquet", found)
    scratch.options[0] = f"--corpus={path}"
    scratch.options.append("--calibration=embedded:calibration")


def pass_8_khz_as_16(scratch: Scratch) -> None:
    halve = partial(soxr.resample, in_rate=RATE, out_rate=RATE // 2)
    evaluate_on(scratch, [heard(row, halve) for row in rows("other")])


def shuffle_references(scratch: Scratch) -> None:
    found = rows("other")
    texts = _GENERATOR.permutation([row["text"] for row in found])
    evaluate_on(scratch, [row | {"text": str(text)} for row, text in zip(found, texts, strict=True)])


FAULTS = (
    Fault("calibration on silence", "calibration_speech", calibrate_on_silence, _AUDIO_GATE),
    Fault("calibration on noise", "calibration_speech", calibrate_on_noise, _AUDIO_GATE),
    Fault("calibration on one utterance", "calibration_utterances", calibrate_on_one, _AUDIO_GATE),
    Fault("calibration on one voice", "calibration_speakers", calibrate_on_one_voice, _AUDIO_GATE),
    Fault(
        "calibration on the evaluation audio in another encoding",
        "calibration_overlap",
        calibrate_on_the_evaluation_as_wav,
        _AUDIO_GATE,
    ),
    Fault("8 kHz audio passed as 16 kHz", "reference_wer", pass_8_khz_as_16),
    Fault("references shuffled", "reference_wer", shuffle_references),
)
