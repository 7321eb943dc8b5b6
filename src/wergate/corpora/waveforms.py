"""Waveforms of any length: synthetic probes, and excerpts of a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus

Signal = Literal["voiced", "silence", "clipped", "dc", "tiny"]
SIGNALS: tuple[Signal, ...] = ("voiced", "silence", "clipped", "dc", "tiny")
_PITCH_HZ = 120.0
_HARMONICS = 12
_SYLLABLES_HZ = 4.0


@dataclass(frozen=True)
class Probe:
    """A batch of seeded synthetic waveforms.

    Attributes:
        samples: number of samples of each waveform.
        batch: number of waveforms.
        signal: "voiced" (harmonics in a syllable rhythm, with noise), "silence", "clipped" (voiced, amplified
            until it clips), "dc" (voiced with a constant offset) or "tiny" (voiced, times one millionth).
    """

    samples: int
    batch: int = 1
    signal: Signal = "voiced"

    def waveforms(self, sampling_rate: int) -> Samples:
        """Return the waveforms: float32, shape (batch, samples)."""
        rows = [self._shape(_voiced(self.samples, sampling_rate, seed)) for seed in range(self.batch)]
        return np.asarray(np.stack(rows), dtype=np.float32)

    def _shape(self, voiced: Samples) -> Samples:
        shaped: dict[Signal, Samples] = {
            "voiced": voiced,
            "silence": np.zeros_like(voiced),
            "clipped": np.clip(voiced * 50, -1, 1),
            "dc": voiced + np.float32(0.5),
            "tiny": voiced * np.float32(1e-6),
        }
        return shaped[self.signal]


def _voiced(samples: int, sampling_rate: int, seed: int) -> Samples:
    generator = np.random.default_rng((samples, seed))
    time_s = np.arange(samples) / sampling_rate
    harmonics = np.arange(1, _HARMONICS + 1)[:, None]
    weights = generator.uniform(0, 1, (_HARMONICS, 1)) / harmonics
    tone = (weights * np.sin(2 * np.pi * _PITCH_HZ * harmonics * time_s)).sum(axis=0)
    rhythm = 0.5 * (1 - np.cos(2 * np.pi * _SYLLABLES_HZ * time_s))
    noise = generator.normal(0, 0.02, samples)
    return np.asarray(0.3 * tone * rhythm + noise, dtype=np.float32)


def excerpt(corpus: Corpus, duration_s: float, sampling_rate: int) -> Samples:
    """Return the first `duration_s` seconds of a corpus's utterances, joined: float32, shape (samples,).

    A corpus that is shorter than the excerpt is repeated.
    """
    wanted = round(duration_s * sampling_rate)
    pieces: list[Samples] = []
    for utterance in corpus.utterances(sampling_rate):
        pieces.append(utterance.waveform.samples)
        if sum(map(len, pieces)) >= wanted:
            break
    return np.resize(np.concatenate(pieces), wanted)


def pieces(corpus: Corpus, durations_s: Sequence[float], sampling_rate: int) -> list[Samples]:
    """Cut a corpus's utterances, joined, into pieces of the given durations: float32 arrays of shape (samples,).

    A corpus that is shorter than all pieces together is repeated.
    """
    wanted = [round(duration_s * sampling_rate) for duration_s in durations_s]
    speech = excerpt(corpus, sum(wanted) / sampling_rate, sampling_rate)
    return np.split(speech, np.cumsum(wanted)[:-1])
