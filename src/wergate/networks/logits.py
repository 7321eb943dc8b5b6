"""Difference between quantized and reference logits, summed over utterances without storing the logits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from wergate.networks.ctc import Logits, margins


@dataclass(frozen=True)
class LogitsDifference:
    """Sums over frames; add two of them to get the difference over both sets of frames.

    Attributes:
        frames: number of frames compared.
        values: number of logits compared.
        max_abs: largest |candidate - reference|.
        sum_abs: sum of |candidate - reference|.
        signal: sum of squares of the reference.
        noise: sum of squares of the difference.
        flipped_frames: number of frames whose best label differs.
        widest_flip: largest margin (best minus second best logit) of the reference among the flipped frames.
    """

    frames: int = 0
    values: int = 0
    max_abs: float = 0.0
    sum_abs: float = 0.0
    signal: float = 0.0
    noise: float = 0.0
    flipped_frames: int = 0
    widest_flip: float = 0.0

    def __add__(self, other: LogitsDifference) -> LogitsDifference:
        """Return the difference over both sets of frames."""
        return LogitsDifference(
            self.frames + other.frames,
            self.values + other.values,
            float(np.maximum(self.max_abs, other.max_abs)),  # unlike max(), np.maximum never loses a NaN
            self.sum_abs + other.sum_abs,
            self.signal + other.signal,
            self.noise + other.noise,
            self.flipped_frames + other.flipped_frames,
            max(self.widest_flip, other.widest_flip),
        )

    @property
    def mean_abs(self) -> float:
        """Mean |candidate - reference|."""
        return self.sum_abs / self.values if self.values else 0.0

    @property
    def sqnr_db(self) -> float:
        """Signal-to-quantization-noise ratio in dB; infinite if nothing differs."""
        return 10 * math.log10(self.signal / self.noise) if self.noise else math.inf

    @property
    def argmax_agreement(self) -> float:
        """Fraction of frames with the same best label."""
        return 1 - self.flipped_frames / self.frames if self.frames else 1.0


def difference(*, reference: Logits, candidate: Logits) -> LogitsDifference:
    """Compare the logits of one utterance, both of shape (frames, vocabulary).

    Raises:
        ValueError: the shapes differ.
    """
    if reference.shape != candidate.shape:
        raise ValueError(f"logits of shape {candidate.shape}, but the reference's have {reference.shape}")
    delta = candidate.astype(np.float64) - reference
    flipped = candidate.argmax(axis=-1) != reference.argmax(axis=-1)
    return LogitsDifference(
        frames=len(reference),
        values=reference.size,
        max_abs=float(np.abs(delta).max()),
        sum_abs=float(np.abs(delta).sum()),
        signal=float(np.square(reference, dtype=np.float64).sum()),
        noise=float(np.square(delta).sum()),
        flipped_frames=int(flipped.sum()),
        widest_flip=float(margins(reference)[flipped].max(initial=0.0)),
    )


def total(differences: Iterable[LogitsDifference]) -> LogitsDifference:
    """Return the sum of the differences of many utterances."""
    return reduce(LogitsDifference.__add__, differences, LogitsDifference())
