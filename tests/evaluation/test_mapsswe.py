"""MAPSSWE: NIST's worked example, figures worked by hand, and a false alarm rate that is what it should be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.significance import matched_pairs, segment_rises
from wergate.evaluation.wer import place_errors

REFERENCE = "IT WAS THE BEST OF TIMES IT WAS THE WORST OF TIMES IT WAS"
SYSTEM_A = "ITS THE BEST OF TIMES IT IS THE WORST OF TIMES OR IT WAS"
SYSTEM_B = "IT WAS THE BEST TIMES IT WON THE TEST OF TIMES IT WAS"


def rises(*, text: str, before: str, after: str) -> list[int]:
    """Return the differences by segment of one utterance."""
    texts, heard = [text, text], [before, after]
    reference, candidate = place_errors(references=texts, hypotheses=heard, normalizer=NORMALIZERS["none"])
    return [*segment_rises(reference, candidate)]


def test_the_example_of_nist_and_of_the_textbook() -> None:
    """Four segments, in which system A makes 2, 0, 1 and 1 errors, system B none, 1, 2 and none.

    D. Jurafsky and J. H. Martin, "Speech and Language Processing", chapter on speech recognition, after NIST's
    description of the test: Z is {2, -1, -1, 1}; its mean 0.25 over 1.5 / sqrt(4) is W = 1/3.
    """
    found = rises(text=REFERENCE, before=SYSTEM_B, after=SYSTEM_A)
    assert [2, -1, -1, 1] == found
    test = matched_pairs(found)
    assert (4, 0.25) == (test.segments, test.mean)
    assert (1 / 3, 0.7389) == pytest.approx((test.z, test.p), abs=5e-5)


def test_the_sign_is_the_candidates() -> None:
    """More errors of the candidate are a positive mean; two sides changed are the same evidence."""
    forth, back = (
        matched_pairs(rises(text=REFERENCE, before=before, after=after))
        for before, after in ((SYSTEM_A, SYSTEM_B), (SYSTEM_B, SYSTEM_A))
    )
    assert (-back.mean, -back.z, back.p) == (forth.mean, forth.z, forth.p)


def test_worked_by_hand() -> None:
    """Eight segments, mean 1/2, variance 6/7: z = sqrt(8 * 7 / 24); p as the normal table has it."""
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
        pytest.param("", [6], id="nothing heard"),
        pytest.param("A B C D E F G", [1], id="behind the last word"),
        pytest.param("Z A B C D E X", [1, 1], id="before the first word, and the last one"),
    ],
)
def test_segments(after: str, expected: list[int]) -> None:
    """What lies between two words, or more, in a row that both got right."""
    assert expected == rises(text="A B C D E F", before="A B C D E F", after=after)


def test_a_row_of_correct_words_is_correct_on_both_sides() -> None:
    """Where one side got them wrong, the segment goes on; errors that both make are a segment without a difference."""
    assert [1] == rises(text="A B C D E F", before="A B X D E F", after="A X C D Y F")
    assert [0] == rises(text="A B C D E F", before="A X C D E F", after="A Y C D E F")


def test_no_words() -> None:
    """What is heard in silence is a segment."""
    assert [2] == rises(text="", before="", after="LA LA")
    assert [] == rises(text="", before="", after="")


@pytest.mark.parametrize("differences", [[], [0, 0, 0]])
def test_no_difference_is_no_evidence(differences: Sequence[int]) -> None:
    """z is 0 and p is 1."""
    test = matched_pairs(differences)
    assert (len(differences), 0.0, 0.0, 1.0) == (test.segments, test.mean, test.z, test.p)


@pytest.mark.parametrize("differences", [[1], [2, 2, 2]])
def test_without_a_variance_nothing_is_told(differences: Sequence[int]) -> None:
    """One segment, or equal ones: the mean, and no z."""
    test = matched_pairs(differences)
    assert differences[0] == test.mean
    assert math.isnan(test.z)
    assert math.isnan(test.p)


def test_false_alarms() -> None:
    """Of 2,000 pairs of recognizers that do not differ, p is below 0.05 in 4 to 6 %."""
    generator = np.random.default_rng(11)
    errors = generator.poisson(0.8, size=(2_000, 2, 400))
    alarms = sum(matched_pairs((after - before).tolist()).p < 0.05 for before, after in errors)
    assert 0.04 <= alarms / len(errors) <= 0.06
