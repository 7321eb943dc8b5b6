"""Word errors: counts, empty references, and agreement between jiwer and torchmetrics."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.evaluation.normalize import NORMALIZERS, collapse_spaces
from wergate.evaluation.wer import WordErrors, count_token_errors, count_word_errors, headline_wer, show_alignment

WORDS = st.sampled_from(["a", "b", "c", "dog", "sun"])
SENTENCES = st.lists(WORDS, max_size=8).map(" ".join)
SPOKEN = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
COUNTS = st.builds(WordErrors, *[st.integers(0, 50)] * 4)


def count(reference: str, hypothesis: str, normalizer: str = "none") -> WordErrors:
    """Return the counts of one utterance."""
    (counted,) = count_word_errors(references=[reference], hypotheses=[hypothesis], normalizer=NORMALIZERS[normalizer])
    return counted


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        pytest.param("the cat sat", "the cat sat", WordErrors(3), id="no error"),
        pytest.param("the cat sat", "the bat sat", WordErrors(3, substitutions=1), id="one substitution"),
        pytest.param("the cat sat", "the sat", WordErrors(3, deletions=1), id="one deletion"),
        pytest.param("the cat sat", "the fat cat sat", WordErrors(3, insertions=1), id="one insertion"),
        pytest.param("the cat sat", "", WordErrors(3, deletions=3), id="empty hypothesis"),
        pytest.param("a b c d", "x a b e", WordErrors(4, 1, 1, 1), id="all three at once"),
        pytest.param("", "", WordErrors(), id="both empty"),
        pytest.param("", "two words", WordErrors(insertions=2), id="empty reference"),
    ],
)
def test_counts_of_an_utterance(reference: str, hypothesis: str, expected: WordErrors) -> None:
    """Substitutions, deletions and insertions are counted as a person would count them."""
    assert expected == count(reference, hypothesis)


def test_wer_of_an_empty_reference_is_defined() -> None:
    """The WER of an empty reference is 0 for an empty hypothesis and infinite for any other."""
    assert count("", "").wer == 0.0
    assert math.isinf(count("", "x").wer)


@pytest.mark.parametrize(("hypothesis", "errors"), [("um", 0), ("a b", 2)])
def test_a_reference_that_the_normalizer_empties(hypothesis: str, errors: int) -> None:
    """Its utterance has no words, its hypothesis counts as insertions, and the rest of the corpus counts as usual."""
    references, hypotheses = ["(music)", "the cat sat"], [hypothesis, "the bat sat"]
    english = NORMALIZERS["english"]
    counted = count_word_errors(references=references, hypotheses=hypotheses, normalizer=english)
    assert (WordErrors(insertions=errors), WordErrors(3, substitutions=1)) == counted
    pytest.importorskip("torchmetrics")
    headline = headline_wer(references=references, hypotheses=hypotheses, normalizer=english)
    assert (errors + 1) / 3 == pytest.approx(headline)


@pytest.mark.parametrize(("hypothesis", "expected"), [("um", 0.0), ("a b", math.inf)])
def test_a_corpus_that_the_normalizer_empties(hypothesis: str, expected: float) -> None:
    """Both libraries give the same, defined number."""
    pytest.importorskip("torchmetrics")
    claim = {"references": ["(music)"], "hypotheses": [hypothesis], "normalizer": NORMALIZERS["english"]}
    assert (expected, expected) == (headline_wer(**claim), sum(count_word_errors(**claim), WordErrors()).wer)


def test_token_errors_follow_the_tokenizer() -> None:
    """A token may contain a space or be one; equal tokens match regardless of their characters."""

    def syllables(text: str) -> list[str]:
        return text.split("-")

    counted = count_token_errors(references=["a b-c- - -d"], hypotheses=["a b-x- - "], tokens=syllables)
    assert (WordErrors(5, substitutions=1, deletions=1),) == counted
    assert (WordErrors(),) == count_token_errors(references=[""], hypotheses=[""], tokens=list)


def test_corpus_wer_is_total_errors_over_total_words() -> None:
    """One error in one word and none in nine words give 0.1, not the mean 0.5."""
    counted = count_word_errors(references=["a", "b " * 9], hypotheses=["c", "b " * 9], normalizer=collapse_spaces)
    assert sum(counted, WordErrors()).wer == pytest.approx(0.1)


@given(st.lists(st.tuples(SPOKEN, SENTENCES), min_size=1, max_size=6))
def test_torchmetrics_gives_the_same_number(pairs: list[tuple[str, str]]) -> None:
    """The headline WER by torchmetrics equals the corpus WER of the counts."""
    pytest.importorskip("torchmetrics")
    references, hypotheses = zip(*pairs, strict=True)
    counted = count_word_errors(references=references, hypotheses=hypotheses, normalizer=collapse_spaces)
    headline = headline_wer(references=references, hypotheses=hypotheses, normalizer=collapse_spaces)
    assert headline == pytest.approx(sum(counted, WordErrors()).wer, abs=1e-6)


@given(SENTENCES, SENTENCES)
def test_counts_account_for_every_word(reference: str, hypothesis: str) -> None:
    """Reference words minus deletions plus insertions equal the hypothesis words; errors have an upper bound."""
    counted = count(reference, hypothesis)
    assert len(reference.split()) == counted.words
    assert len(hypothesis.split()) == counted.words - counted.deletions + counted.insertions
    assert counted.errors <= max(len(reference.split()), len(hypothesis.split()))
    assert (counted.errors == 0) == (reference == hypothesis)


@given(COUNTS, COUNTS, COUNTS)
def test_counts_add_up(first: WordErrors, second: WordErrors, third: WordErrors) -> None:
    """Addition is associative, has a zero, and adds errors and words."""
    assert (first + second) + third == first + (second + third)
    assert first == first + WordErrors()
    assert first.errors + second.errors == (first + second).errors


def test_references_and_hypotheses_come_in_pairs() -> None:
    """A missing hypothesis is an error, not a shorter corpus."""
    with pytest.raises(ValueError, match="shorter"):
        count_word_errors(references=["a", "b"], hypotheses=["a"], normalizer=collapse_spaces)


def test_normalizer_is_applied_to_both_sides() -> None:
    """Case and white space count only if the normalizer keeps them."""
    assert count("The  cat", "THE CAT", "upper").errors == 0
    assert count("The  cat", "THE CAT", "none").errors == 2


def test_alignment_marks_the_errors_word_by_word() -> None:
    """Both lines are shown with their words aligned, and the error is marked below."""
    reference, hypothesis, marks = show_alignment(reference="THE CAT SAT", hypothesis="THE BAT SAT").splitlines()
    assert ("REF: THE CAT SAT", "HYP: THE BAT SAT") == (reference, hypothesis)
    assert marks.index("S") in range(reference.index("CAT"), reference.index("CAT") + 3)


@pytest.mark.parametrize(("reference", "hypothesis"), [("", "A"), ("A", "")])
def test_alignment_names_an_empty_side(reference: str, hypothesis: str) -> None:
    """An empty transcript is shown as "(nothing)"."""
    assert "(nothing)" in show_alignment(reference=reference, hypothesis=hypothesis)
