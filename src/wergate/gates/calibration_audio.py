"""Gates on the audio of a calibration corpus: it must be speech, and enough of it.

An INT8 model that was calibrated on silence, noise or a single utterance has the same graph as a good one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from wergate.config.quantization import CalibrationAudioSettings
from wergate.corpora.audio import Samples
from wergate.corpora.corpus import CALIBRATION_SHARE, Corpus
from wergate.errors import SuiteError
from wergate.verdict import Relation, Verdict

_FRAME_S = 0.025
_FLOOR = 1e-9  # mean square, -90 dB of full scale: below one step of 16-bit audio
_LOUD, _QUIET = 95, 10  # percentiles
_REMEDIES = {
    "calibration_speech": "calibrate on speech that is typical of the model's input: name another corpus with "
    "--calibration",
    "calibration_speakers": "few voices do not show the range of the activations: name a corpus of more speakers with "
    "--calibration; if the model serves no others, lower calibration_audio.speakers_min",
}
_FP16 = "gate FP16 alone with --precisions fp16"
_ROUNDED = 0.99  # headers may round durations
_MORE = "record more utterances, of which a quarter may be set aside, or name a larger corpus with --calibration"


@dataclass(frozen=True)
class AudioStatistics:
    """Audio statistics of a calibration corpus.

    Attributes:
        audio_s: duration of all utterances together, in seconds.
        level_ranges_db: level range of each utterance, in dB.
        flattest: id of the utterance with the smallest level range.
        remarks: ids of the utterances by oddity, such as "clipped".
        speakers: number of speakers; 0 if the corpus does not name them all.
    """

    audio_s: float
    level_ranges_db: tuple[float, ...]
    flattest: str
    remarks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    speakers: int = 0

    def speech_share(self, level_range_db_min: float) -> float:
        """Return the share of utterances whose level range is at least that of speech."""
        return float(np.mean(np.asarray(self.level_ranges_db) >= level_range_db_min))


def listen(corpus: Corpus, sampling_rate: int) -> AudioStatistics:
    """Decode a corpus of at least one utterance, and return its audio statistics."""
    ranges: dict[str, float] = {}
    remarks: dict[str, list[str]] = {}
    audio_s = 0.0
    for utterance in corpus.utterances(sampling_rate):
        ranges[utterance.id] = level_range_db(utterance.waveform.samples, sampling_rate)
        audio_s += utterance.waveform.duration_s
        for remark in utterance.waveform.remarks:
            remarks.setdefault(remark, []).append(utterance.id)
    flattest = min(ranges, key=ranges.__getitem__)
    return AudioStatistics(audio_s, tuple(ranges.values()), flattest, remarks, corpus.speakers)


def require_enough(part: Corpus, settings: CalibrationAudioSettings, *, subset_size: int, of: str) -> None:
    """Check, before anything is built, that the part of a corpus that calibrates INT8 is not too small for its gates.

    Args:
        part: the calibration corpus, which is a part of an evaluation corpus.
        settings: thresholds of the gates.
        subset_size: largest number of calibration utterances.
        of: name of the evaluation corpus.

    Raises:
        SuiteError: the part has fewer utterances or less audio than the gates demand.
    """
    count, audio_s = len(part), sum(part.durations.values())
    lacking = []
    if count < settings.utterances_min:
        lacking.append(f"{settings.utterances_min} utterances (calibration_audio.utterances_min)")
    if audio_s < settings.audio_s_min * _ROUNDED:
        lacking.append(f"{settings.audio_s_min:g} s of audio (calibration_audio.audio_s_min)")
    if not lacking:
        return
    found = f"{count} utterance{'' if count == 1 else 's'}, {audio_s:.1f} s"
    if count == subset_size:
        raise SuiteError(
            f"quantization.subset_size = {subset_size} allows {found} to calibrate INT8 on, but at least "
            f"{' and '.join(lacking)} are needed; raise subset_size, or {_FP16}"
        )
    needed = max(settings.utterances_min, math.ceil(settings.audio_s_min * count / audio_s)) * CALIBRATION_SHARE
    raise SuiteError(
        f"corpus '{of}' is too small to calibrate INT8 on a part of it: a quarter of its recordings is {found}, but at "
        f"least {' and '.join(lacking)} are needed, which takes about {needed} such recordings; record more, name a "
        f"corpus with --calibration, or {_FP16}"
    )


def level_range_db(samples: Samples, sampling_rate: int) -> float:
    """Return the level range of an utterance in dB: the 95th minus the 10th percentile over its frames of 25 ms.

    Speech has pauses and stops, so its range is at least 17 dB even in noise. Silence has 0 dB, steady noise 1 or 2 dB.
    Audio shorter than one frame has 0 dB.

    Args:
        samples: float32, shape (samples,), full scale 1.
    """
    width = int(_FRAME_S * sampling_rate)
    frames = samples[: len(samples) // width * width].reshape(-1, width)
    if not len(frames):
        return 0.0
    levels = 10 * np.log10(np.maximum(np.square(frames, dtype=np.float64).mean(axis=1), _FLOOR))
    loud, quiet = np.percentile(levels, [_LOUD, _QUIET])
    return float(loud - quiet)


def audio_verdicts(statistics: AudioStatistics, settings: CalibrationAudioSettings, *, scope: str) -> Iterable[Verdict]:
    """Gate the number of utterances, their total duration, their speakers, and the share that can be speech.

    A corpus that does not name its speakers is not gated by them.
    """
    lowest = f"smallest level range {min(statistics.level_ranges_db):.3g} dB, utterance '{statistics.flattest}'"
    for remark, ids in statistics.remarks.items():
        lowest += f"; {len(ids)} utterances {remark}, first '{ids[0]}'"
    unnamed = "" if statistics.speakers else "the corpus does not name all speakers, so their number is not judged"
    claims: tuple[tuple[str, float, Relation, float, str], ...] = (
        ("calibration_utterances", len(statistics.level_ranges_db), ">=", settings.utterances_min, unnamed),
        ("calibration_audio_s", statistics.audio_s, ">=", settings.audio_s_min, ""),
        ("calibration_speakers", statistics.speakers, ">=", settings.speakers_min, ""),
        ("calibration_speech", statistics.speech_share(settings.level_range_db_min), ">=", settings.speech_min, lowest),
    )
    for gate, value, relation, threshold, basis in claims:
        if statistics.speakers or gate != "calibration_speakers":
            yield Verdict(gate, "INT8", value, relation, threshold, scope, _REMEDIES.get(gate, _MORE), basis)


def overlap_verdict(shared: Sequence[tuple[str, str]], *, evaluation: str, scope: str) -> Verdict:
    """Gate the number of recordings that calibrate INT8 and evaluate it, too.

    Args:
        shared: ids of each such recording in the calibration corpus and in the evaluation corpus.
        evaluation: name of the evaluation corpus.
        scope: model and calibration corpus.
    """
    first = f"; first: '{shared[0][0]}' is '{shared[0][1]}' there" if shared else ""
    return Verdict(
        gate="calibration_overlap",
        subject="INT8",
        value=len(shared),
        relation="==",
        threshold=0,
        basis=f"samples compared with those of {evaluation}{first}",
        scope=scope,
        remedy="INT8 was calibrated on what it is evaluated on: name another corpus with --calibration",
    )
