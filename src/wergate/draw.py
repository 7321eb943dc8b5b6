"""Draw a sample of utterances that is always the same one and as mixed in length as what it was drawn from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import pairwise


def draw(durations: Mapping[str, float], count: int, seed: int) -> set[str]:
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
