"""Calibration subsets: disjoint if possible, reproducible, and refused if a subset would be the whole corpus."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.shipped import section
from tests.support.tiny import spoken, write_corpus
from wergate.config.studies import CalibrationStudySettings
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError
from wergate.studies.calibration.study import deal, draw_subsets, most_shared, spread

DURATIONS_S = st.lists(st.floats(0.5, 20.0), min_size=1, max_size=60)


@pytest.fixture
def pool(tmp_path: Path) -> Corpus:
    """Twelve utterances of four lengths."""
    path = write_corpus(tmp_path / "pool.parquet", spoken(range(12)))
    return open_corpus(CorpusSpec("pool", path))


def subsets(pool: Corpus, count: int, size: int, seed: int = 0) -> tuple[Corpus, ...]:
    """Draw `count` subsets of `size` utterances."""
    return draw_subsets(pool, section(CalibrationStudySettings, subsets=count, subset_size=size, seed=seed))


@given(seconds=DURATIONS_S, hands=st.integers(2, 6), seed=st.integers(0, 9), data=st.data())
def test_dealt_sets_are_disjoint_and_similar(seconds: list[float], hands: int, seed: int, data: st.DataObject) -> None:
    """Each set has the requested size; the n-th shortest of a set is at most the (n+1)-th shortest of another."""
    durations = {f"u{number}": value for number, value in enumerate(seconds * hands)}
    size = data.draw(st.integers(1, len(durations) // hands))
    dealt = deal(durations, hands, size, seed)
    assert [size] * hands == [len(ids) for ids in dealt]
    assert hands * size == len(set().union(*dealt))
    ranked = [sorted(durations[id_] for id_ in ids) for ids in dealt]
    for first, second in combinations(ranked, 2):
        assert all(shorter <= longer for shorter, longer in zip(first[:-1], second[1:], strict=True))
    assert dealt == deal(dict(reversed(durations.items())), hands, size, seed)


def test_a_large_corpus_gives_disjoint_subsets(pool: Corpus) -> None:
    """Three subsets of four from twelve utterances use every utterance once."""
    drawn = subsets(pool, 3, 4)
    assert 0 == most_shared(drawn)
    assert set(pool.ids) == {id_ for subset in drawn for id_ in subset.ids}
    assert [4, 4, 4] == [len(subset) for subset in drawn]
    assert drawn[1].name == "pool, subset 2 of 3"


def test_a_small_corpus_gives_subsets_that_share(pool: Corpus) -> None:
    """Three subsets of eight from twelve utterances overlap, and the largest overlap is counted."""
    drawn = subsets(pool, 3, 8)
    assert [8, 8, 8] == [len(subset) for subset in drawn]
    counted = max(len(set(first.ids) & set(second.ids)) for first, second in combinations(drawn, 2))
    assert 4 <= counted < 8
    assert counted == most_shared(drawn)


@pytest.mark.parametrize("size", [4, 8])
def test_the_seed_determines_the_subsets(pool: Corpus, size: int) -> None:
    """The same seed gives the same subsets, another seed gives others."""
    first, again, other = (subsets(pool, 3, size, seed) for seed in (0, 0, 50))
    assert [subset.ids for subset in first] == [subset.ids for subset in again]
    assert [subset.ids for subset in first] != [subset.ids for subset in other]


def test_subsets_are_drawn_from_the_whole_corpus(pool: Corpus) -> None:
    """A limit on the ordinary calibration corpus does not apply to the subsets."""
    limited = open_corpus(pool.spec, limit=2)
    assert [subset.ids for subset in subsets(pool, 3, 4)] == [subset.ids for subset in subsets(limited, 3, 4)]


def test_a_recording_is_drawn_once(tmp_path: Path) -> None:
    """Two ids of the same recording count as one."""
    rows = spoken(range(6))
    path = write_corpus(tmp_path / "twice.parquet", [*rows, *(u.but(id=f"again {u.id}") for u in rows)])
    pool = open_corpus(CorpusSpec("twice", path))
    assert 0 == most_shared(subsets(pool, 2, 3))
    with pytest.raises(SuiteError, match="has 6 recordings"):
        subsets(pool, 2, 6)


@pytest.mark.parametrize("size", [12, 13])
def test_a_subset_of_the_whole_corpus_is_refused(pool: Corpus, size: int) -> None:
    """The error has the value, the number of recordings and the option to use."""
    message = f"calibration_study.subset_size = {size} is not accepted: .*'pool' has 12 recordings.*--calibration"
    with pytest.raises(SuiteError, match=message):
        subsets(pool, 2, size)


def test_the_spread_of_known_figures() -> None:
    """Mean, sample standard deviation, smallest and largest value, and range."""
    result = spread([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    assert (5.0, 2.0, 9.0, 7.0) == (result.mean, result.low, result.high, result.range)
    assert result.sd == pytest.approx(math.sqrt(32 / 7))


def test_figures_that_are_not_finite_have_a_spread() -> None:
    """Equal infinite values have a range of 0; a NaN makes every field NaN."""
    assert 0.0 == spread([math.inf, math.inf]).range
    assert math.inf == spread([20.0, math.inf]).range
    assert math.isnan(spread([20.0, math.nan, 20.0]).range)
    assert math.isnan(spread([math.inf, math.inf]).sd)
