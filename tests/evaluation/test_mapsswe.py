"""MAPSSWE: NIST's worked example, results computed by hand, and the expected rate of false alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.significance.matched_pairs import matched_pairs, segment_rises
from wergate.evaluation.wer import place_errors

REFERENCE = "IT WAS THE BEST OF TIMES IT WAS THE WORST OF TIMES IT WAS"
SYSTEM_A = "ITS THE BEST OF TIMES IT IS THE WORST OF TIMES OR IT WAS"
SYSTEM_B = "IT WAS THE BEST TIMES IT WON THE TEST OF TIMES IT WAS"


def rises(*, text: str, before: str, after: str) -> list[int]:
    """Return the difference in errors for each segment of one utterance."""
    texts, hypotheses = [text, text], [before, after]
    reference, candidate = place_errors(references=texts, hypotheses=hypotheses, normalizer=NORMALIZERS["none"])
    return [*segment_rises(reference, candidate)]


def test_the_example_from_nist_and_the_textbook() -> None:
    """In four segments, system A makes 2, 0, 1 and 1 errors, and system B makes 0, 1, 2 and 0.

    D. Jurafsky and J. H. Martin, "Speech and Language Processing", chapter on speech recognition, after NIST's
    description of the test: Z is {2, -1, -1, 1}; its mean 0.25 over 1.5 / sqrt(4) is W = 1/3.
    """
    found = rises(text=REFERENCE, before=SYSTEM_B, after=SYSTEM_A)
    assert [2, -1, -1, 1] == found
    test = matched_pairs(found)
    assert (4, 0.25) == (test.segments, test.mean)
    assert (1 / 3, 0.7389) == pytest.approx((test.z, test.p), abs=5e-5)


def test_the_sign_is_the_candidates() -> None:
    """More errors of the candidate give a positive mean; swapping the sides changes only the sign."""
    forth, back = (
        matched_pairs(rises(text=REFERENCE, before=before, after=after))
        for before, after in ((SYSTEM_A, SYSTEM_B), (SYSTEM_B, SYSTEM_A))
    )
    assert (-back.mean, -back.z, back.p) == (forth.mean, forth.z, forth.p)


def test_result_computed_by_hand() -> None:
    """Eight segments, mean 1/2, variance 6/7: z = sqrt(8 * 7 / 24), and p from the normal distribution."""
    test = matched_pairs([1, 1, 1, 1, 1, 1, -1, -1])
    assert (8, 0.5) == (test.segments, test.mean)
    assert math.sqrt(56 / 24) == pytest.approx(test.z)
    assert 2 * stats.norm.sf(test.z) == pytest.approx(test.p)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param("A B C D E F", [], id="no error"),
        pytest.param("A X C D Y F", [1, 1], id="two correct words between: two segments"),
        pytest.param("A X C Y E F", [2], id="one correct word between: one segment"),
        pytest.param("A B C Q D E F", [1], id="an insertion is an error of its own place"),
        pytest.param("A X C Q D Y F", [3], id="an insertion breaks the row of correct words"),
        pytest.param("", [6], id="empty hypothesis"),
        pytest.param("A B C D E F G", [1], id="after the last word"),
        pytest.param("Z A B C D E X", [1, 1], id="before the first word, and the last one"),
    ],
)
def test_segments(after: str, expected: list[int]) -> None:
    """Two or more consecutive words that both sides got right end a segment."""
    assert expected == rises(text="A B C D E F", before="A B C D E F", after=after)


def test_only_words_that_both_sides_got_right_end_a_segment() -> None:
    """A segment continues if either side got the words wrong; equal errors give a segment with difference 0."""
    assert [1] == rises(text="A B C D E F", before="A B X D E F", after="A X C D Y F")
    assert [0] == rises(text="A B C D E F", before="A X C D E F", after="A Y C D E F")


def test_no_words() -> None:
    """Insertions into an empty reference make one segment."""
    assert [2] == rises(text="", before="", after="LA LA")
    assert [] == rises(text="", before="", after="")


@pytest.mark.parametrize("differences", [[], [0, 0, 0]])
def test_no_difference_is_no_evidence(differences: Sequence[int]) -> None:
    """Without a difference, z is 0 and p is 1."""
    test = matched_pairs(differences)
    assert (len(differences), 0.0, 0.0, 1.0) == (test.segments, test.mean, test.z, test.p)


@pytest.mark.parametrize("differences", [[1], [2, 2, 2]])
def test_without_variance_there_is_no_p_value(differences: Sequence[int]) -> None:
    """A single segment, or equal segments, give a mean but neither z nor p."""
    test = matched_pairs(differences)
    assert differences[0] == test.mean
    assert math.isnan(test.z)
    assert math.isnan(test.p)


def test_false_alarms() -> None:
    """For 2,000 pairs of equally good recognizers, p is below 0.05 in 4 to 6 % of the cases."""
    generator = np.random.default_rng(11)
    errors = generator.poisson(0.8, size=(2_000, 2, 400))
    alarms = sum(matched_pairs((after - before).tolist()).p < 0.05 for before, after in errors)
    assert 0.04 <= alarms / len(errors) <= 0.06
