"""Durations of utterances as read-speech corpora have them: seeded, for benchmarks that need no speech of their own.

The shape is fitted by hand to what is published of LibriSpeech (Panayotov, Chen, Povey and Khudanpur, ICASSP 2015, and
the corpus's own tables): 281,241 training utterances of 961 h, so 12.3 s on average, most of them near 15 s because
chapters were cut at silences into pieces of at most 16 s or so; and 11,126 utterances of 21 h for development and test,
6.9 s on average with a long tail to 35 s. It is a model of that shape, not a sample of it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from wergate.errors import SuiteError

SHORTEST_S, LONGEST_S = 1.3, 35.0
_STEP_S = 0.005  # LibriSpeech's durations are multiples of it, so whole samples at 16 kHz
_CUT = 0.85  # share of utterances that are as the training splits'; the rest are as the test splits'
_CUT_BETA, _CUT_LONGEST_S = (3.0, 1.0), 17.0
_FREE_MEDIAN_S, _FREE_SIGMA = 5.8, 0.65


def librispeech_like(count: int, seed: int) -> tuple[float, ...]:
    """Draw that many durations in seconds, 1.3 to 35, 12 on average, in the order of a shuffled corpus.

    A longer draw with the same seed begins with the shorter one.

    Raises:
        SuiteError: fewer than one is asked for.
    """
    if count < 1:
        raise SuiteError(f"{count} durations cannot be drawn: at least 1 is needed; correct the count")
    rng = np.random.default_rng(seed)
    return tuple(_whole_steps(_one(rng)) for _ in range(count))


def _one(rng: np.random.Generator) -> float:
    if rng.random() < _CUT:
        return SHORTEST_S + (_CUT_LONGEST_S - SHORTEST_S) * float(rng.beta(*_CUT_BETA))
    drawn = 0.0
    while not SHORTEST_S <= drawn <= LONGEST_S:
        drawn = float(rng.lognormal(math.log(_FREE_MEDIAN_S), _FREE_SIGMA))
    return drawn


def _whole_steps(duration_s: float) -> float:
    return round(duration_s / _STEP_S) * _STEP_S


def draw_utterances(durations: Mapping[str, float], count: int, seed: int) -> set[str]:
    """Draw utterances, one from each of `count` equal strata of durations.

    It depends on ids, durations and the seed, not on the order they come in.

    Args:
        durations: seconds by utterance id.
        count: more than there are draws all.
    """
    if count >= len(durations):
        return set(durations)
    ranks = {utterance_id: _rank(utterance_id, seed) for utterance_id in durations}
    sorted_ids = sorted(durations, key=lambda i: (durations[i], ranks[i]))
    bounds = [number * len(sorted_ids) // count for number in range(count + 1)]
    strata = (sorted_ids[start:stop] for start, stop in pairwise(bounds))
    return {min(stratum, key=ranks.__getitem__) for stratum in strata}


def _rank(utterance_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{utterance_id}".encode()).digest()
