"""The paired bootstrap: results computed by hand, agreement with kaldialign, and interval coverage."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import kaldialign
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.significance.utterances import Resampled, paired_bootstrap
from wergate.evaluation.wer import count_word_errors

Counts = NDArray[np.int64]
COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=20)


@dataclass(frozen=True)
class Simulated:
    """A simulated corpus with a known true drop."""

    words: Counts
    reference: Counts
    candidate: Counts

    def drop(self, **options: int) -> Resampled:
        """Return the bootstrap's estimate of the drop."""
        sides = (self.words.tolist(), self.reference.tolist(), self.candidate.tolist())
        words, reference, candidate = sides
        return paired_bootstrap(words=words, reference=reference, candidate=candidate, **options)


KEPT, ADDED, WER = 0.9, 0.012, 0.1
TRUE_DROP = WER * KEPT + ADDED - WER


def simulated(generator: np.random.Generator, utterances: int) -> Simulated:
    """Return a corpus of varying lengths, in which some utterances are hard for both recognizers.

    The candidate keeps 90 % of the reference recognizer's errors, and adds 1.2 errors per 100 words in any utterance.
    """
    words = generator.integers(3, 50, utterances)
    hard = generator.gamma(2.0, WER / 2.0, utterances)
    reference = generator.poisson(words * hard)
    return Simulated(words, reference, generator.binomial(reference, KEPT) + generator.poisson(ADDED * words))


def test_two_utterances_computed_by_hand() -> None:
    """One of two equal utterances gains an error: resamples contain it 0, 1 or 2 times, in the ratio 1 : 2 : 1."""
    found = paired_bootstrap(words=[10, 10], reference=[1, 1], candidate=[1, 2])
    assert (1 / 20, 0.0, 1 / 10) == (found.value, found.low, found.high)
    assert (2, 20, 10_000, 0.0) == (found.units, found.words, found.resamples, found.improvement)
    better = paired_bootstrap(words=[10, 10], reference=[1, 2], candidate=[1, 1])
    assert 0.75 == pytest.approx(better.improvement, abs=0.02)


def test_the_same_resample_serves_both_sides() -> None:
    """Equal errors on both sides give a drop of zero with an interval of zero width."""
    errors = [0, 9, 1, 20, 3]
    found = paired_bootstrap(words=[5, 30, 2, 25, 7], reference=errors, candidate=errors)
    assert (0.0, 0.0, 0.0) == (found.value, found.low, found.high)


def test_long_utterances_count_by_their_words() -> None:
    """The drop is total errors over total words; the mean of the utterances' rates would be 0.5."""
    found = paired_bootstrap(words=[1, 99], reference=[0, 0], candidate=[1, 0])
    assert (0.01, 0.0, 1.0) == (found.value, found.low, found.high)


def test_it_is_reproducible() -> None:
    """The same seed gives the same interval, and another seed gives a similar one."""
    corpus = simulated(np.random.default_rng(1), 200)
    first, again, other = corpus.drop(), corpus.drop(), corpus.drop(seed=1)
    assert first == again != other
    assert first.low == pytest.approx(other.low, abs=5e-4)


@settings(deadline=None)
@given(COUNTS)
def test_the_interval_contains_the_drop_and_changes_sign_with_the_sides(counts: list[tuple[int, int, int]]) -> None:
    """Swapping reference and candidate changes the signs and nothing else."""
    words, before, after = map(list, zip(*counts, strict=True))
    found = paired_bootstrap(words=words, reference=before, candidate=after, resamples=200)
    turned = paired_bootstrap(words=words, reference=after, candidate=before, resamples=200)
    if not sum(words):
        assert math.isnan(found.value)
        return
    assert found.low <= found.value <= found.high
    assert (found.value, found.low) == pytest.approx((-turned.value, -turned.high))


def test_without_resamples_the_interval_is_unbounded() -> None:
    """One utterance gives a drop without bounds; a corpus without words gives no drop either."""
    single = paired_bootstrap(words=[10], reference=[1], candidate=[2])
    assert (0.1, -math.inf, math.inf) == (single.value, single.low, single.high)
    silent = paired_bootstrap(words=[0, 0], reference=[0, 0], candidate=[1, 0])
    assert math.isnan(silent.value)
    assert math.inf == silent.high


def test_utterances_without_words_are_resampled_too() -> None:
    """Their hypotheses count as insertions; a resample of nothing else has no rate and is left out."""
    found = paired_bootstrap(words=[10, 0], reference=[0, 0], candidate=[0, 1])
    assert (0.1, 0.0) == (found.value, found.low)
    assert 7_000 < found.resamples < 8_000


VOCABULARY = ["ONE", "TWO", "SIX", "TEN", "CAT", "DOG", "SUN", "SEA", "SKY", "OAK", "RED", "OLD"]


def corrupted(text: str, rate: float, generator: np.random.Generator) -> str:
    """Return a text with some words deleted, substituted or inserted at a given rate."""
    kinds = generator.choice(4, size=len(text.split()), p=[1 - rate, rate / 3, rate / 3, rate / 3])
    forms = {0: "{0}", 1: "", 2: "{1}", 3: "{0} {1}"}
    pairs = zip(kinds, text.split(), strict=True)
    return " ".join(forms[int(kind)].format(word, generator.choice(VOCABULARY)) for kind, word in pairs)


def test_kaldialign_agrees() -> None:
    """Another implementation of the same paper gives the same WER, interval and probability of improvement.

    kaldialign's interval is the mean of the resamples, plus or minus 1.96 standard deviations. It gives no interval of
    the drop, so the test compares each side's own WER, which is its drop from a recognizer without errors.
    """
    generator = np.random.default_rng(5)
    texts = [" ".join(generator.choice(VOCABULARY, size=generator.integers(3, 25))) for _ in range(150)]
    hypotheses = [[corrupted(text, rate, generator) for text in texts] for rate in (0.11, 0.10)]
    counts = [
        count_word_errors(references=texts, hypotheses=side, normalizer=NORMALIZERS["upper"]) for side in hypotheses
    ]
    words = [errors.words for errors in counts[0]]
    before, after = ([errors.errors for errors in side] for side in counts)
    peer = kaldialign.bootstrap_wer_ci(*([text.split() for text in side] for side in (texts, *hypotheses)))
    for name, errors in (("system1", before), ("system2", after)):
        own = paired_bootstrap(words=words, reference=[0] * len(words), candidate=errors)
        assert peer[name]["wer"] == pytest.approx(own.value, abs=5e-4)
        assert (peer[name]["ci95min"], peer[name]["ci95max"]) == pytest.approx((own.low, own.high), abs=2e-3)
    drop = paired_bootstrap(words=words, reference=before, candidate=after)
    assert 0.2 < drop.improvement < 0.98, "the case must leave both outcomes possible"
    assert peer["p_s2_improv_over_s1"] == pytest.approx(drop.improvement, abs=0.02)


def test_kaldialigns_worked_example() -> None:
    """One and two errors in two utterances of three words give a WER of 0.5, and resamples of 1/3, 1/2 and 2/3."""
    found = paired_bootstrap(words=[3, 3], reference=[0, 0], candidate=[1, 2])
    assert (0.5, 1 / 3, 2 / 3) == pytest.approx((found.value, found.low, found.high))


def test_coverage() -> None:
    """In 93 to 97 % of 1,000 simulated corpora, the 95 % interval contains the true drop."""
    generator = np.random.default_rng(20)
    found = [simulated(generator, 160).drop(resamples=1_000, seed=number) for number in range(1_000)]
    share = sum(drop.low <= TRUE_DROP <= drop.high for drop in found) / len(found)
    print(f"{100 * share:.1f} % of {len(found)} intervals contain the true drop {TRUE_DROP:.4f}")
    assert 0.93 <= share <= 0.97


def test_three_thousand_utterances_take_less_than_a_second() -> None:
    """All 10,000 resamples take less than one second of CPU time."""
    corpus = simulated(np.random.default_rng(3), 3_000)
    started = time.process_time()
    assert 10_000 == corpus.drop().resamples
    assert time.process_time() - started < 1.0
