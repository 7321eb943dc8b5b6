"""The error shape: results computed by hand, and gates that catch faults hidden by the word error rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pydantic import ValidationError

from tests.support.variants import REQUIRED, make_variant
from wergate.config.thresholds import Thresholds
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.gates.error_shape.gates import shape_verdicts
from wergate.gates.error_shape.shape import error_shape
from wergate.networks.logits import LogitsDifference
from wergate.verdict import Status, Verdict

TEN = "ONE TWO SIX TEN CAT DOG SUN SEA SKY OAK"
QUIET = LogitsDifference(1, 1, 1.0, 1.0, signal=100.0, noise=1.0)
BUDGETS = {
    "deletion_rise_max": 0.005,
    "insertion_rise_max": 0.005,
    "cer_rise_max": 0.005,
    "range_wer_rise_max": 0.02,
    "worse_rate_max": 0.3,
    "worst_utterance_rise_max": 0.5,
    "worst_sqnr_db_min": 10.0,
}
Sample = tuple[str, str, str, float]


def outcome(number: int, sample: Sample, logits: LogitsDifference = QUIET) -> UtteranceOutcome:
    """Return an outcome from (reference text, reference recognizer's text, candidate's text, seconds)."""
    text, reference, hypothesis, seconds = sample
    return UtteranceOutcome(f"u{number}", seconds, text, reference, hypothesis, logits)


def evaluated(*samples: Sample) -> Evaluation:
    """Return the evaluation of such utterances, numbered from u0."""
    outcomes = tuple(outcome(number, sample) for number, sample in enumerate(samples))
    return Evaluation(make_variant(), "corpus", "pytorch", "upper", outcomes)


def gated(evaluation: Evaluation, **budgets: float | None) -> tuple[Verdict, ...]:
    """Return the verdicts of an evaluation at the test's budgets, with changes."""
    thresholds = Thresholds(**REQUIRED | BUDGETS | budgets)  # type: ignore[arg-type]
    held = replace(evaluation, variant=replace(evaluation.variant, thresholds=thresholds))
    return shape_verdicts(error_shape(held), held)


def failed(verdicts: Sequence[Verdict]) -> set[str]:
    """Return the gates that do not pass."""
    return {verdict.gate for verdict in verdicts if verdict.status is not Status.PASS}


def same(count: int, seconds: float = 5.0) -> list[Sample]:
    """Return utterances that both recognizers transcribe correctly."""
    return [(TEN, TEN, TEN, seconds)] * count


def test_kinds_of_errors_are_counted_separately() -> None:
    """A deleted word, an inserted word and a wrong letter each count in their own rate, per word or per letter."""
    shape = error_shape(evaluated(("A BC D", "A BC D", "A D", 1), ("A BC", "A BC", "A BD E", 1)))
    assert (0.0, 1 / 5, 5) == (shape.deletions.reference, shape.deletions.candidate, shape.deletions.units)
    assert (0.0, 1 / 5) == (shape.insertions.reference, shape.insertions.candidate)
    assert (6 / 10, 10) == (pytest.approx(shape.characters.value), shape.characters.units)


def test_no_change_leaves_nothing_to_chance() -> None:
    """A candidate with equal transcripts passes at budgets of zero, regardless of the errors."""
    zero = dict.fromkeys([key for key in BUDGETS if key.endswith("_max")], 0.0)
    evaluation = evaluated(*[(TEN, "ONE TWO SIX TEN CAT DOG SUN", "ONE TWO SIX TEN CAT DOG SUN", 5.0)] * 3)
    assert set() == failed(gated(evaluation, length_ratio_min=0.6, **zero))
    assert 0.0 == error_shape(evaluation).deletions.chance


def test_chance_is_two_standard_errors() -> None:
    """Two errors in one of four equal utterances: a rise of 1/20 with a standard error of 1/20."""
    shape = error_shape(evaluated(*same(3), (TEN, TEN, "ONE TWO SIX TEN CAT DOG SUN SEA", 5.0)))
    assert pytest.approx(2 / 40) == shape.deletions.value
    assert pytest.approx(2 * 2 / 40) == shape.deletions.chance


def test_a_model_that_goes_quiet_fails_on_deletions_and_length() -> None:
    """Every utterance loses its last words."""
    evaluation = evaluated(*[(TEN, TEN, "ONE TWO SIX TEN CAT DOG SUN", 5.0)] * 20)
    found = failed(gated(evaluation, worse_rate_max=None))
    assert {"deletion_rise", "length_ratio", "cer_rise", "wer_rise[2-10 s]"} == found


def test_deletions_fail_even_if_as_many_other_errors_disappear() -> None:
    """The word error rate stays the same, but words that were wrong are now missing."""
    wrong = TEN.replace("SKY OAK", "SPY OAR")
    evaluation = evaluated(*[(TEN, wrong, "ONE TWO SIX TEN CAT DOG SUN SEA", 5.0)] * 20)
    assert evaluation.reference.total.wer == evaluation.candidate.total.wer
    assert {"deletion_rise", "length_ratio", "cer_rise"} == failed(gated(evaluation))


def test_ghost_words_fail_on_insertions_and_length() -> None:
    """The candidate adds words that nobody said."""
    evaluation = evaluated(*[(TEN, TEN, f"{TEN} AND SO ON", 5.0)] * 20)
    assert {"insertion_rise", "length_ratio"} <= failed(gated(evaluation))


def test_a_range_of_durations_fails_alone() -> None:
    """Only the long utterances get worse, in a corpus of mostly short ones."""
    damaged = [(TEN, TEN, TEN.replace("CAT", "CUT"), 25.0)] * 4
    found = failed(gated(evaluated(*same(96), *damaged), cer_rise_max=None))
    assert {"wer_rise[>=20 s]"} == found


def test_a_range_includes_its_lower_bound() -> None:
    """Ranges begin at 2, 10 and 20 s, and a range without words is left out."""
    samples = [(TEN, TEN, TEN, seconds) for seconds in (1.99, 2.0, 9.99, 20.0)]
    shape = error_shape(evaluated(*samples, ("", "", "", 12.0)))
    assert [("<2 s", 10), ("2-10 s", 20), (">=20 s", 10)] == [(x.name, x.wer.units) for x in shape.ranges]


def test_a_range_of_few_words_gives_no_false_alarm() -> None:
    """One wrong word of 20 in a range is 5 % but no evidence; a range of one utterance gives no verdict."""
    evaluation = evaluated(*same(50), *same(1, 1.0), (TEN, TEN, TEN.replace("CAT", "CUT"), 1.0), *same(1, 30.0))
    verdicts = gated(evaluation)
    assert set() == failed(verdicts)
    assert {"wer_rise[<2 s]", "wer_rise[2-10 s]"} == {v.gate for v in verdicts if v.gate.startswith("wer_rise")}


def test_length_is_compared_with_the_reference_recognizer_if_it_is_out_of_bounds() -> None:
    """If the reference recognizer writes half of the text, its quantized copy may do so too."""
    half = TEN[: len(TEN) // 2]
    assert "length_ratio" not in failed(gated(evaluated(*[(TEN, half, half, 5.0)] * 4)))
    found = gated(evaluated(*[(TEN, half, TEN, 5.0)] * 4))
    assert "length_ratio" in failed(found)
    assert "the reference recognizer's text, which is itself out of bounds" in next(
        verdict.line for verdict in found if verdict.gate == "length_ratio"
    )


def test_length_ratios_without_references() -> None:
    """Empty references give a ratio of 1 for an empty transcript, and infinity for any other."""
    assert 1.0 == error_shape(evaluated(("", "", "", 1.0))).lengths.ratio
    assert math.inf == error_shape(evaluated(("", "", "A", 1.0))).lengths.ratio


def test_many_small_losses_fail_by_their_share() -> None:
    """Every second utterance gains an error, while the others lose one."""
    worse = (TEN, TEN, TEN.replace("CAT", "CUT"), 5.0)
    better = (TEN, TEN.replace("CAT", "CUT"), TEN, 5.0)
    evaluation = evaluated(*[worse, better] * 10)
    assert {"worse_rate"} == failed(gated(evaluation))
    shape = error_shape(evaluation)
    assert (10, 10, 0.5) == (shape.worse, shape.better, shape.worse_rate)


def test_the_worst_utterance_is_named() -> None:
    """The verdict names an utterance that is lost among 1,000 words; a short utterance counts as ten words."""
    evaluation = evaluated(*same(99), (TEN, TEN, "", 5.0))
    verdicts = gated(evaluation)
    assert {"worst_utterance_rise"} == failed(verdicts)
    line = next(verdict.line for verdict in verdicts if verdict.gate == "worst_utterance_rise")
    assert "INT8 worst_utterance_rise=1, but should be <= 0.5 (utterance 'u99') [tiny, corpus, 100 utterances" in line
    assert 0.1 == error_shape(evaluated(("A", "A", "B", 1.0))).worst_rise.value


def test_one_noisy_utterance_fails_on_its_own_sqnr() -> None:
    """Its noise would vanish in the SQNR of the corpus; NaN counts as the worst value."""
    for noise in (50.0, math.nan):
        damaged = outcome(7, (TEN, TEN, TEN, 5.0), LogitsDifference(1, 1, 1.0, 1.0, signal=100.0, noise=noise))
        calm = evaluated(*same(7))
        evaluation = replace(calm, outcomes=(*calm.outcomes, damaged))
        verdicts = gated(evaluation)
        assert {"worst_sqnr_db"} == failed(verdicts)
        assert "'u7'" in next(verdict.line for verdict in verdicts if verdict.gate == "worst_sqnr_db")


def test_only_budgets_are_gated() -> None:
    """Without budgets, only the length ratio is gated."""
    names = {verdict.gate for verdict in gated(evaluated(*same(2)), **dict.fromkeys(BUDGETS))}
    assert {"length_ratio"} == names


def test_nan_as_a_budget_is_refused() -> None:
    """The message names the budget."""
    with pytest.raises(ValidationError, match=r"(?s)1 validation error.*deletion_rise_max"):
        Thresholds(**REQUIRED, deletion_rise_max=math.nan)  # type: ignore[arg-type]
