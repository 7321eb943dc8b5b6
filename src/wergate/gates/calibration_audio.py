"""Whether a calibration corpus holds speech at all, and enough of it.

Ranges that were calibrated on silence, on noise or on a single utterance make an INT8 model that nothing in its graph
tells from a good one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wergate.config.quantization import CalibrationAudioSettings
from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus
from wergate.verdict import Relation, Verdict

_FRAME_S = 0.025
_FLOOR = 1e-9  # of the mean square: -90 dB of full scale, below the steps of 16 bits
_LOUD, _QUIET = 95, 10  # percentiles
_REMEDY = "calibrate on speech as the model will hear it: name another corpus with --calibration"


@dataclass(frozen=True)
class AudioStatistics:
    """What a calibration corpus sounds like.

    Attributes:
        audio_s: seconds of all utterances.
        level_ranges_db: of each utterance.
        flattest: the utterance whose level moves least.
    """

    audio_s: float
    level_ranges_db: tuple[float, ...]
    flattest: str

    def speech_share(self, level_range_db_min: float) -> float:
        """Return the share of utterances whose level moves as much as speech does."""
        return float(np.mean(np.asarray(self.level_ranges_db) >= level_range_db_min))


def listen(corpus: Corpus, sampling_rate: int) -> AudioStatistics:
    """Decode a corpus of at least one utterance and measure it."""
    ranges: dict[str, float] = {}
    audio_s = 0.0
    for utterance in corpus.utterances(sampling_rate):
        ranges[utterance.id] = level_range_db(utterance.waveform.samples, sampling_rate)
        audio_s += utterance.waveform.duration_s
    return AudioStatistics(audio_s, tuple(ranges.values()), min(ranges, key=ranges.__getitem__))


def level_range_db(samples: Samples, sampling_rate: int) -> float:
    """Return how far an utterance's loud frames (95th percentile) lie above its quiet ones (10th), in dB.

    Speech has pauses and stops: 17 dB and more even in noise. Silence has 0 dB, steady noise 1 or 2.

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
    """Gate the number of utterances, their seconds, and the share of them that can be speech."""
    lowest = f"'{statistics.flattest}' moves {min(statistics.level_ranges_db):.3g} dB"
    claims: tuple[tuple[str, float, Relation, float, str], ...] = (
        ("calibration_utterances", len(statistics.level_ranges_db), ">=", settings.utterances_min, ""),
        ("calibration_audio_s", statistics.audio_s, ">=", settings.audio_s_min, ""),
        ("calibration_speech", statistics.speech_share(settings.level_range_db_min), ">=", settings.speech_min, lowest),
    )
    for gate, value, relation, threshold, basis in claims:
        yield Verdict(gate, "INT8", value, relation, threshold, scope, _REMEDY, basis)
