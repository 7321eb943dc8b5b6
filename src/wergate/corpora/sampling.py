"""Seeded sampling: durations shaped like LibriSpeech's, and utterances drawn evenly over their durations.

The distribution of durations is fitted by hand to published figures of LibriSpeech (Panayotov, Chen, Povey and
Khudanpur, ICASSP 2015, and the tables of the corpus itself).
Its training sets have 281,241 utterances in 961 h, which is 12.3 s on average.
Most of them are near 15 s long, because chapters were cut at silences into pieces of at most about 16 s.
Its development and test sets have 11,126 utterances in 21 h, 6.9 s on average, with a long tail up to 35 s.
The durations come from that fit, not from the corpus.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from wergate.errors import SuiteError

SHORTEST_S, LONGEST_S = 1.3, 35.0
_STEP_S = 0.005  # LibriSpeech's durations are multiples of this, which is a whole number of samples at 16 kHz
_CUT = 0.85  # share of utterances shaped like the training sets; the rest are shaped like the test sets
_CUT_BETA, _CUT_LONGEST_S = (3.0, 1.0), 17.0
_FREE_MEDIAN_S, _FREE_SIGMA = 5.8, 0.65


def librispeech_like(count: int, seed: int) -> tuple[float, ...]:
    """Draw `count` durations in seconds, from 1.3 to 35 and 12 on average, in random order.

    With the same seed, a longer sample begins with the shorter one.

    Raises:
        SuiteError: the count is less than 1.
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
    """Draw one utterance from each of `count` equal strata of durations.

    The sample depends on the ids, the durations and the seed, but not on the order of the utterances.

    Args:
        durations: seconds by utterance id.
        count: number of utterances to draw; if there are no more than that, all are drawn.
        seed: seed of the sample.
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
