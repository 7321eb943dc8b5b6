"""Made-up waveforms of any length, and the reference model's logits for them."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from wergate import frontend
from wergate.audio import Samples
from wergate.ctc import Logits
from wergate.recognizers import Recognizer
from wergate.reference_models import ReferenceModel
from wergate.store import Artifact, Store
from wergate.toolchain import source_digest, versions

Signal = Literal["voiced", "silence", "clipped", "dc", "tiny"]
SIGNALS: tuple[Signal, ...] = ("voiced", "silence", "clipped", "dc", "tiny")
_FILE = "logits.npy"
_PITCH_HZ = 120.0
_HARMONICS = 12
_SYLLABLES_HZ = 4.0


@dataclass(frozen=True)
class Probe:
    """A batch of seeded waveforms.

    Attributes:
        samples: length of each.
        batch: number of waveforms.
        signal: "voiced" (harmonics in a syllable rhythm, with noise), "silence", "clipped" (voiced, driven into
            the limits), "dc" (voiced on a constant offset) or "tiny" (voiced at one millionth of full scale).
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


def reference_logits(store: Store, model: ReferenceModel, recognizer: Recognizer, probe: Probe) -> Artifact:
    """Return the artifact of the reference model's logits of a probe."""
    parts = {
        "checkpoint": model.digest,
        "probe": asdict(probe),
        "versions": versions((*model.packages, "numpy")),
        "source": source_digest(sys.modules[__name__], frontend),
    }

    def build(folder: Path) -> None:
        logits = recognizer.logits(probe.waveforms(recognizer.frontend.sampling_rate))
        np.save(folder / _FILE, logits, allow_pickle=False)

    return store.get("probe-logits", parts, build)


def read_logits(artifact: Artifact) -> Logits:
    """Return the logits of a probe's artifact: float32, shape (batch, frames, vocabulary)."""
    return np.asarray(np.load(artifact.file(_FILE), allow_pickle=False), dtype=np.float32)
