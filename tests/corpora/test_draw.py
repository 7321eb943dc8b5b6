"""Samples of utterances: reproducible, and with the same spread of durations as the whole corpus."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from wergate.corpora.sampling import draw_utterances

DURATIONS = st.sampled_from([1.0, 2.0]) | st.floats(0.1, 30)  # many are equal, as in speech that is cut into seconds
CORPORA = st.dictionaries(st.integers(0, 99).map(str), DURATIONS, min_size=1, max_size=40)
COUNTS = st.integers(1, 12) | st.just(70)


@given(CORPORA, COUNTS, st.integers(0, 3))
def test_a_draw_does_not_depend_on_order(durations: dict[str, float], count: int, seed: int) -> None:
    """The sample has the requested size, or is the whole corpus, and is the same for any order of the utterances."""
    drawn = draw_utterances(durations, count, seed)
    assert draw_utterances(dict(reversed(durations.items())), count, seed) == drawn
    assert draw_utterances(dict(sorted(durations.items())), count, seed) == drawn
    assert min(count, len(durations)) == len(drawn)
    assert drawn <= set(durations)


@given(CORPORA, COUNTS, st.integers(0, 3))
def test_one_is_drawn_in_each_stratum(durations: dict[str, float], count: int, seed: int) -> None:
    """Sorted by duration, the k-th drawn utterance lies in the k-th of `count` equal parts of the corpus."""
    count = min(count, len(durations))
    ordered = sorted(durations.values())
    drawn = sorted(durations[i] for i in draw_utterances(durations, count, seed))
    for number, duration in enumerate(drawn):
        low, high = number * len(ordered) // count, (number + 1) * len(ordered) // count
        assert ordered[low] <= duration <= ordered[high - 1]


def test_a_draw_is_spread_over_durations() -> None:
    """For any seed, ten of a thousand utterances match the mean, and reach the shortest and the longest tenth."""
    durations = {f"u{n}": float(d) for n, d in enumerate(np.random.default_rng(0).gamma(2.0, 4.0, 1000))}
    tenths = np.quantile(list(durations.values()), [0.1, 0.9])
    means = []
    for seed in range(20):
        drawn = [durations[i] for i in draw_utterances(durations, 10, seed)]
        assert min(drawn) <= tenths[0]
        assert max(drawn) >= tenths[1]
        means.append(np.mean(drawn))
    assert np.abs(np.array(means) / np.mean(list(durations.values())) - 1).max() < 0.2


def test_another_seed_draws_other_utterances() -> None:
    """With equal durations only the hash decides, which is the same on all machines and versions."""
    durations = {f"u{n}": 1.0 for n in range(100)}
    assert draw_utterances(durations, 5, 0) != draw_utterances(durations, 5, 1)
    assert {"u2", "u4", "u6"} == draw_utterances({f"u{n}": float(n // 3) for n in range(9)}, 3, 0)
