"""Calibration subsets: several draws from one calibration corpus, apart from one another where it is large enough."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, pairwise

from wergate.config.studies import CalibrationStudy
from wergate.corpora.corpus import Corpus
from wergate.corpora.sampling import draw
from wergate.errors import SuiteError


def draw_subsets(pool: Corpus, settings: CalibrationStudy) -> tuple[Corpus, ...]:
    """Draw calibration subsets of one size, each as mixed in length as the corpus, none with a recording twice.

    They share no utterance where the corpus holds enough for all; else each is drawn from the whole of it.

    Args:
        pool: all of it can be drawn, not its entries alone.

    Raises:
        SuiteError: a subset would be all of the corpus, or more.
    """
    unique = {entry.digest: entry for entry in reversed(pool.whole)}.values()
    durations = {entry.id: entry.duration_s for entry in unique}
    count, size = settings.subsets, settings.subset_size
    if size >= len(durations):
        raise SuiteError(
            f"calibration_study.subset_size = {size} is not accepted: calibration corpus '{pool.name}' has "
            f"{len(durations)} recordings, and a choice is only made of fewer; lower it in suite.toml or name a larger "
            "corpus with --calibration"
        )
    if count * size <= len(durations):
        drawn = deal(durations, count, size, settings.seed)
    else:
        drawn = [draw(durations, size, settings.seed + number) for number in range(count)]
    return tuple(_subset(pool, ids, f"subset {number} of {count}") for number, ids in enumerate(drawn, start=1))


def deal(durations: Mapping[str, float], hands: int, size: int, seed: int) -> list[set[str]]:
    """Deal utterances into disjoint sets, each with one utterance from each of `size` equal strata of durations.

    It depends on ids, durations and the seed, not on the order they come in.

    Args:
        durations: seconds by utterance id, of at least `hands * size` utterances.
    """
    ranks = {id_: hashlib.sha256(f"deal\0{seed}\0{id_}".encode()).digest() for id_ in durations}
    sorted_ids = sorted(durations, key=lambda id_: (durations[id_], ranks[id_]))
    bounds = [number * len(sorted_ids) // size for number in range(size + 1)]
    strata = [sorted(sorted_ids[start:stop], key=ranks.__getitem__) for start, stop in pairwise(bounds)]
    return [{stratum[hand] for stratum in strata} for hand in range(hands)]


def most_shared(subsets: tuple[Corpus, ...]) -> int:
    """Return how many recordings two of the subsets share at most."""
    known = [set(subset.digests.values()) for subset in subsets]
    return max(len(one & other) for one, other in combinations(known, 2))


def _subset(pool: Corpus, ids: set[str], name: str) -> Corpus:
    entries = tuple(entry for entry in pool.whole if entry.id in ids)
    return replace(pool, spec=replace(pool.spec, name=f"{pool.name}, {name}"), entries=entries)
