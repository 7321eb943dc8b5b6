"""Gates on the alphabet: swapped labels, text that labels do not explain, and letters that are never written."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis.strategies import DataObject, data, integers, lists, sampled_from

from tests.support.variants import UPPER, make_variant
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.evaluation.letters import LetterCounts, count_letters, reference_letters
from wergate.gates.alphabet import alphabet_verdict, decoding_verdict, label_differences, letter_verdict
from wergate.gates.canaries import bad_letter_verdict
from wergate.networks.alphabet import Alphabet
from wergate.networks.logits import LogitsDifference
from wergate.verdict import Status, Verdict

LABELS = ("<pad>", "|", "<unk>", "A", "B", "C")
ALPHABET = Alphabet(LABELS, 0, "|", special=("<unk>",))
FILES = dict(enumerate(LABELS))
ALPHABETS = (
    ALPHABET,
    Alphabet(("", "|", "A", "'", "n", "t", "."), 0, "|", clean_up=True),
    Alphabet(("<blk>", "\u2581the", "s", "\u2581"), 0, None, word_start="\u2581", units="subwords"),
    Alphabet(("<pad>", "|", "a:", "b"), 0, "|", units="phonemes", joiner=" ", delimiter_text=None),
)


def test_the_labels_of_the_files_do_not_differ() -> None:
    """Labels with text, without text, in lower case and with a word start all decode as they are written."""
    assert () == label_differences(ALPHABET, FILES)
    assert () == label_differences(replace(ALPHABET, lower_case=True), FILES)
    pieces = ("<blk>", "\u2581the", "s", "\u2581")
    assert () == label_differences(Alphabet(pieces, 0, None, word_start="\u2581"), dict(enumerate(pieces)))
    assert () == label_differences(ALPHABET, {number: label for number, label in FILES.items() if number})


def test_swapped_labels_are_both_named() -> None:
    """Two letters in each other's place, in the alphabet or in the files, fail."""
    swapped = replace(ALPHABET, labels=("<pad>", "|", "<unk>", "B", "A", "C"))
    verdict = alphabet_verdict(label_differences(swapped, FILES), labels=6, subject="INT8", model="tiny")
    assert (2, Status.FAIL) == (verdict.value, verdict.status)
    assert "logit 3 is 'A' there and 'B' here; logit 4 is 'B' there and 'A' here" in verdict.line
    (missing,) = label_differences(ALPHABET, {number: label for number, label in FILES.items() if number != 5})
    assert missing.words == "logit 5 is not listed there and 'C' here"


def test_a_label_must_decode_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels may be right and the code that writes them wrong."""
    text = Alphabet.text
    monkeypatch.setattr(Alphabet, "text", lambda self, ids: text(self, ids).replace("C", "A"))
    (found,) = label_differences(ALPHABET, FILES)
    assert found.words == "logit 5 is 'C', but decodes as 'A'"


def outcome(reference: str, hypothesis: str, *, flipped: int = 0, text: str = "A") -> UtteranceOutcome:
    """Return an outcome with that many changed frames."""
    logits = LogitsDifference(frames=9, values=9, signal=1.0, flipped_frames=flipped)
    return UtteranceOutcome("u", 1.0, text, reference, hypothesis, logits)


def evaluation(*outcomes: UtteranceOutcome) -> Evaluation:
    """Return an evaluation of these outcomes."""
    return Evaluation(make_variant(), "c", "pytorch", "upper", outcomes)


def test_changed_frames_explain_two_letters_each() -> None:
    """A difference without a changed frame fails, and so does one that needs more frames than changed."""
    passing = decoding_verdict(evaluation(outcome("A", "A"), outcome("A", "ABA", flipped=1)))
    assert (0, Status.PASS) == (passing.value, passing.status)
    failing = decoding_verdict(evaluation(outcome("A CAT", "A DOG", flipped=1), outcome("A", "A"), outcome("A", "B")))
    assert (2, Status.FAIL) == (failing.value, failing.status)
    assert "first: 'u', with 1 changed frames: 'A CAT' is now 'A DOG'" in failing.line


@given(data())
def test_no_changed_frame_explains_less(draw: DataObject) -> None:
    """Whatever the alphabet, one frame moves the transcript by at most what the gate allows."""
    alphabet = draw.draw(sampled_from(ALPHABETS))
    ids = draw.draw(lists(integers(0, len(alphabet.labels) - 1), min_size=1, max_size=12))
    place = draw.draw(integers(0, len(ids) - 1))
    changed = [*ids[:place], draw.draw(integers(0, len(alphabet.labels) - 1)), *ids[place + 1 :]]
    one = outcome(alphabet.text(ids), alphabet.text(changed), flipped=1)
    variant = make_variant(alphabet=alphabet)
    assert Status.PASS is decoding_verdict(Evaluation(variant, "c", "pytorch", "upper", (one,))).status


def counts(**letters: dict[str, int]) -> LetterCounts:
    """Return what was written for each letter."""
    return LetterCounts({letter: Counter(found) for letter, found in letters.items()})


def judged(found: LetterCounts) -> Verdict | None:
    """Return the verdict at the shipped threshold."""
    return letter_verdict(found, 0.5, subject="pytorch", scope="c")


GOOD = {"A": {"A": 99, "": 1}, "B": {"B": 50}, "C": {"C": 40, "K": 2}}


def test_a_swapped_letter_is_named() -> None:
    """A letter that is always written as another one, which is never said or itself lost, fails."""
    verdict = judged(counts(**GOOD, X={"Z": 20}))
    assert verdict is not None
    assert verdict.status is Status.FAIL
    assert "'X': 0 of 20 recognized, most often written as 'Z'" in verdict.line
    both = judged(counts(**GOOD, X={"Z": 9}, Z={"X": 8}))
    assert both is not None
    assert both.status is Status.FAIL


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"X": {"Z": 7}},  # too few to judge
        {"X": {"X": 5, "Z": 5}},  # half of them may be chance
        {"\u00c9": {"A": 30}},  # an accent that is left out
    ],
)
def test_honest_letters_pass(more: dict[str, dict[str, int]]) -> None:
    """Rare letters, hard ones, and spellings of a language do not alarm."""
    verdict = judged(counts(**GOOD, **more))
    assert verdict is not None
    assert verdict.status is Status.PASS


def test_without_letters_to_judge_there_is_no_verdict() -> None:
    """Neither an empty corpus nor a model that recognizes next to nothing can show a swapped letter."""
    assert judged(counts()) is None
    assert judged(counts(A={"": 50}, B={"B": 20, "": 60}, C={"A": 70})) is None


def test_letters_are_counted_after_alignment() -> None:
    """Each letter of a reference is paired with what is written for it; spaces and signs do not count."""
    found = count_letters([("A CAT'S", "A CTX"), ("", "B"), ("AA", "")])
    assert {"A": 4, "C": 1, "T": 1, "S": 1} == found.occurrences
    assert (1, 0.25, "") == (found.hits("A"), found.recall("A"), found.most_written_for("A"))
    assert found.recall("A") < found.recall_bound("A") < 1.0 == found.recall_bound("C")


def test_a_letter_that_the_model_cannot_write_is_not_counted() -> None:
    """The references' letters outside of the alphabet have their own note."""
    found = reference_letters(evaluation(outcome("A", "A", text="a\u00c9")))
    assert {"A"} == set(found.occurrences)
    assert not UPPER.unknown_characters("A")


@pytest.mark.parametrize("threshold", [0.01, 0.5, 1.0])
def test_the_canary_of_letters_fails(threshold: float) -> None:
    """It fails at the stated threshold and passes at a looser one; a threshold of 0 has none."""
    bad, loose = bad_letter_verdict(threshold, threshold), bad_letter_verdict(threshold, 0.9 * threshold)
    assert bad is not None
    assert loose is not None
    assert (Status.FAIL, Status.PASS) == (bad.status, loose.status)
    assert bad_letter_verdict(0.0, 0.0) is None
