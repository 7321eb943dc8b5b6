"""Simulated corpora with a known drop, many at once: words, errors of two recognizers, speakers that differ.

Utterances have 3 to 49 words. Some are hard for both recognizers. The candidate loses a tenth of the reference
recognizer's errors and makes as many others, and those of the drop. In addition, each speaker gains or loses words at a
rate of their own, whose variance follows from the correlation of the drop within a speaker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SHORTEST, LONGEST = 3, 49  # words of an utterance
CHURN = 0.1  # share of the reference recognizer's errors that the candidate makes elsewhere
_UNEQUAL = 3.0  # utterances of the largest speaker over those of the smallest
_HARDNESS = 2.0  # shape of the gamma distribution of an utterance's error rate
_LENGTHS = np.arange(SHORTEST, LONGEST + 1)
WORDS = float(_LENGTHS.mean())
_SQUARES = float((_LENGTHS**2).mean())
_DEVIATION = {"normal": math.sqrt(2 / math.pi), "skewed": 2 / math.e}  # mean absolute one, of a unit spread
Counts = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """Parameters of a simulated corpus.

    Attributes:
        speakers, utterances: numbers of them.
        correlation: correlation of the drop within a speaker.
        wer: word error rate of the reference recognizer.
        drop: true drop.
        effect: distribution of the speakers' own drops; if it is skewed, few speakers lose many words.
    """

    speakers: int
    utterances: int
    correlation: float
    wer: float
    drop: float
    effect: Literal["normal", "skewed"] = "normal"

    @property
    def speaker_spread(self) -> float:
        """Standard deviation of the speakers' own drops."""
        # A drop of its own also changes more words, which adds to the chance that is not the speaker's.
        moved = CHURN * self.wer
        chance = WORDS * (2 * moved + self.drop) + _SQUARES * moved**2 / _HARDNESS
        alike = WORDS**2 - self.correlation * _SQUARES
        changed = self.correlation * WORDS * _DEVIATION[self.effect]
        return (changed + math.sqrt(changed**2 + 4 * alike * self.correlation * chance)) / (2 * alike)


@dataclass(frozen=True)
class Corpora:
    """Independent corpora, one in each row.

    Attributes:
        words: reference words of each utterance.
        rises: additional errors of the candidate in each utterance.
        sizes: number of utterances of each speaker; utterances of one speaker are adjacent.
        own_drop: true drop of the first speaker.
    """

    words: Counts
    rises: Counts
    sizes: NDArray[np.int64]
    own_drop: Counts

    def by_speaker(self) -> tuple[Counts, Counts]:
        """Return words and rises of each speaker."""
        starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        return np.add.reduceat(self.words, starts, axis=1), np.add.reduceat(self.rises, starts, axis=1)


def simulate(truth: Truth, corpora: int, generator: np.random.Generator) -> Corpora:
    """Draw corpora."""
    sizes = speaker_sizes(truth.utterances, truth.speakers)
    shape = (corpora, truth.utterances)
    words = generator.integers(SHORTEST, LONGEST + 1, shape)
    reference = generator.poisson(words * generator.gamma(_HARDNESS, truth.wer / _HARDNESS, shape))
    own = _speaker_drops(truth, corpora, generator)
    effect = np.repeat(own, sizes, axis=1)
    added = generator.poisson(words * (CHURN * truth.wer + truth.drop + np.maximum(effect, 0)))
    lost_share = np.minimum(1.0, CHURN + np.maximum(-effect, 0) / truth.wer)
    rises = added - generator.binomial(reference, lost_share)
    return Corpora(words.astype(float), rises.astype(float), sizes, truth.drop + own[:, 0])


def speaker_sizes(utterances: int, speakers: int) -> NDArray[np.int64]:
    """Return the number of utterances of each speaker: unequal, as in real corpora."""
    shares = np.linspace(1.0, _UNEQUAL, speakers)
    bounds = np.rint(np.cumsum(shares) / shares.sum() * (utterances - speakers)).astype(np.int64)
    sizes: NDArray[np.int64] = 1 + np.diff(bounds, prepend=0)
    return sizes


def _speaker_drops(truth: Truth, corpora: int, generator: np.random.Generator) -> Counts:
    shape = (corpora, truth.speakers)
    if truth.effect == "skewed":
        return truth.speaker_spread * (generator.standard_exponential(shape) - 1)
    return truth.speaker_spread * generator.standard_normal(shape)
