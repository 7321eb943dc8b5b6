"""The gate on the word error rate: its three statuses, the evidence behind each, and their lines."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from scipy import stats

from tests.support.variants import make_variant
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.evaluation.significance.drop import WerDrop, wer_drop
from wergate.gates.wer import undecided, wer_verdict
from wergate.networks.logits import LogitsDifference
from wergate.verdict import Interval, Status, Verdict

TEN = "ONE TWO SIX TEN CAT DOG SUN SEA SKY OAK"
WRONG = "ONE TWO SIX TEN CUT DOG SUN SEA SKY OAK"


def evaluated(*triples: tuple[str, str, str]) -> Evaluation:
    """Return the evaluation of (reference text, reference model's text, candidate's text) triples."""
    outcomes = (UtteranceOutcome(f"u{n}", 3.0, *texts, LogitsDifference()) for n, texts in enumerate(triples))
    return Evaluation(make_variant(), "corpus", "pytorch", "upper", tuple(outcomes))


def gated(evaluation: Evaluation, tolerance: float = 0.01, min_words: int = 300) -> Verdict:
    """Return the verdict at a tolerance."""
    thresholds = evaluation.variant.thresholds.model_copy(update={"wer_drop_max": tolerance})
    held = replace(evaluation, variant=replace(evaluation.variant, thresholds=thresholds))
    return wer_verdict(held, min_words=min_words)


def corpus(*, utterances: int, worse: int = 0, better: int = 0) -> Evaluation:
    """Return utterances of ten words; some gain one error, and others lose one."""
    same = utterances - worse - better
    return evaluated(*[(TEN, TEN, WRONG)] * worse, *[(TEN, WRONG, TEN)] * better, *[(TEN, TEN, TEN)] * same)


def test_a_drop_with_its_interval_within_the_tolerance_passes() -> None:
    """The line gives the WER, its interval and the p-value of MAPSSWE."""
    verdict = gated(corpus(utterances=280, worse=6, better=2))
    assert Status.PASS is verdict.status
    assert re.fullmatch(
        r"INT8 wer=0\.002143 \(95 % interval -0\.0001\d+ to 0\.004\d+\) <= 0\.01071 "
        r"\(pytorch 0\.0007143 \+ 0\.01; MAPSSWE p=0\.1\d\) \[tiny, corpus, 280 utterances, 2800 words\]",
        verdict.line,
    ), verdict.line


def test_a_drop_with_its_interval_beyond_the_tolerance_fails() -> None:
    """The line ends with the remedy."""
    verdict = gated(corpus(utterances=280, worse=100, better=2))
    assert Status.FAIL is verdict.status
    assert ", but should be <= 0.01071 (pytorch 0.0007143 + 0.01; MAPSSWE p=" in verdict.line
    assert verdict.line.endswith(verdict.remedy)


def test_two_more_errors_in_the_tutorial_decide_nothing() -> None:
    """A rise from 0.0383 to 0.0400 on 1,100 words is INCONCLUSIVE at 0.005; the line gives an estimate."""
    verdict = gated(corpus(utterances=110, worse=8, better=6), tolerance=0.005)
    assert Status.INCONCLUSIVE is verdict.status
    assert "; the tolerance of 0.005 lies inside the interval of the drop: about " in verdict.line
    assert verdict.line.endswith(" more words would decide this if the drop stays at 0.0018")


def open_reason(*, tolerance: float, utterances: int, worse: int) -> str:
    """Return why a drop decides nothing; some utterances of ten words gain an error, and half as many lose one."""
    same = utterances - worse - worse // 2
    before, after = (([one] * worse) + ([other] * (worse // 2)) + [0] * same for one, other in ((0, 1), (1, 0)))
    drop = wer_drop(words=[10] * utterances, reference=before, candidate=after)
    return undecided(drop, tolerance, 0)


@pytest.mark.parametrize("tolerance", [0.005, 0.015])
def test_the_estimated_number_of_words_decides(tolerance: float) -> None:
    """A corpus larger by the estimate decides the gate at the same drop of 1 %, and a smaller one does not."""
    estimate = re.search(r"about ([\d,]+) more words", open_reason(tolerance=tolerance, utterances=200, worse=40))
    assert estimate
    more = int(estimate[1].replace(",", "")) / 2_000
    for part, enough in ((0.6, False), (1.2, True)):
        factor = 1 + part * more
        reason = open_reason(tolerance=tolerance, utterances=round(200 * factor), worse=round(40 * factor))
        assert enough == (reason == ""), (factor, reason)


def test_equal_transcripts_pass_at_a_tolerance_of_zero() -> None:
    """Such a tolerance is counted on this corpus; the interval still has the width of 400 unchanged words."""
    verdict = gated(evaluated(*[(TEN, WRONG, WRONG)] * 40), tolerance=0.0)
    assert (Status.PASS, 0.1) == (verdict.status, verdict.value)
    assert verdict.interval
    share = stats.binomtest(0, 400).proportion_ci(method="exact").high
    assert (0.1 - share, 0.1 + share) == pytest.approx((verdict.interval.low, verdict.interval.high))


def test_a_better_candidate_passes_at_a_tolerance_of_zero() -> None:
    """An improvement neither fails nor stays undecided."""
    assert Status.PASS is gated(corpus(utterances=40, better=1), tolerance=0.0).status


def test_one_more_error_is_inconclusive_at_a_tolerance_of_zero() -> None:
    """One more error proves nothing, but it does not pass either."""
    assert Status.INCONCLUSIVE is gated(corpus(utterances=40, worse=1), tolerance=0.0).status


def test_no_change_in_few_words_does_not_prove_a_tolerance() -> None:
    """300 words without a change may still come from a drop of 1.2 %, so they pass at 2 % and not at 1 %."""
    verdict = gated(corpus(utterances=30))
    assert Status.INCONCLUSIVE is verdict.status
    assert verdict.line.endswith("about 150 more words would decide this if the drop stays at 0.0000")
    assert Status.PASS is gated(corpus(utterances=45)).status


def spoken(evaluation: Evaluation, *, speakers: int) -> Evaluation:
    """Return the evaluation with utterances of so many speakers, one after the other."""
    names = {outcome.id: f"s{number % speakers}" for number, outcome in enumerate(evaluation.outcomes)}
    return replace(evaluation, speaker_of=names)


def clustered(*, speakers: int, worse: int = 1) -> Evaluation:
    """Return 60 utterances of each speaker; in all of them, some speakers lose a word."""
    triples = [(TEN, TEN, WRONG if number < worse else TEN) for number in range(speakers)]
    return spoken(evaluated(*triples * 60), speakers=speakers)


def test_the_interval_by_speaker_decides() -> None:
    """One of six speakers loses every tenth word: by utterance that is certain, by speaker it may be chance."""
    known = clustered(speakers=6)
    unknown = replace(known, speaker_of={})
    assert Status.FAIL is gated(unknown, tolerance=0.011).status
    verdict = gated(known, tolerance=0.011)
    assert Status.INCONCLUSIVE is verdict.status
    assert "(pytorch 0 + 0.011; by speaker)" in verdict.line


def test_the_line_names_the_number_of_speakers_that_would_decide() -> None:
    """So many speakers of the same kind do decide, and half of them do not."""
    verdict = gated(clustered(speakers=6), tolerance=0.025)
    assert Status.INCONCLUSIVE is verdict.status
    found = re.search(r"about (\d+) more speakers with as many words each would decide this", verdict.line)
    assert found
    more = int(found[1])
    assert (
        Status.PASS
        is gated(clustered(speakers=6 + 6 * math.ceil(more / 6), worse=1 + math.ceil(more / 6)), 0.025).status
    )
    half = more // 2 // 6
    assert Status.INCONCLUSIVE is gated(clustered(speakers=6 + 6 * half, worse=1 + half), 0.025).status


@pytest.mark.parametrize("speakers", [2, 3, 5])
def test_few_speakers_are_not_enough(speakers: int) -> None:
    """With so few speakers, Student's t is wide: a difference between them decides nothing."""
    verdict = gated(clustered(speakers=speakers), tolerance=0.07)
    assert Status.INCONCLUSIVE is verdict.status
    assert " more speakers " in verdict.line


def test_too_few_words_decide_nothing() -> None:
    """A corpus below `--min-words` is INCONCLUSIVE for a perfect and for a hopeless candidate."""
    for small in (corpus(utterances=29), corpus(utterances=29, worse=29)):
        verdict = gated(small)
        assert Status.INCONCLUSIVE is verdict.status
        assert verdict.line.endswith(
            "; only 290 words: too few to decide (at least 300); evaluate a larger corpus, or lower --min-words"
        )
    assert Status.PASS is gated(corpus(utterances=30), tolerance=0.02).status
    assert Status.FAIL is gated(corpus(utterances=29, worse=29), min_words=0).status


def test_one_utterance_decides_nothing() -> None:
    """A single utterance cannot be resampled, regardless of its length."""
    verdict = gated(evaluated((f"{TEN} " * 50, f"{TEN} " * 50, f"{TEN} " * 50)))
    assert Status.INCONCLUSIVE is verdict.status
    assert verdict.line.endswith("; one utterance cannot be resampled: evaluate at least two")


@pytest.mark.parametrize("text", ["", "(MUSIC)"])
def test_a_corpus_without_words_is_refused(text: str) -> None:
    """The message names the corpus, the number of transcripts and the next steps."""
    silent = evaluated((text, "", "LA LA"), (text, "", ""))
    english = replace(silent, corpus="music", normalizer="english")
    message = (
        "corpus 'music' has no words in its 2 transcripts after the normalizer 'english'; a word error rate needs "
        "words; name the column of transcripts with --columns text=NAME, or choose another --normalizer"
    )
    with pytest.raises(SuiteError, match=f"^{re.escape(message)}$"):
        gated(english)


def test_rounding_decides_nothing() -> None:
    """29 errors instead of 28 on 100 words are exactly at a tolerance of 1 %, despite rounding errors."""
    before, after = 28 * [1] + 72 * [0], 29 * [1] + 71 * [0]
    drop = wer_drop(words=[1] * 100, reference=before, candidate=after)
    assert "" != undecided(drop, 0.01, 0)
    certain = WerDrop(drop.value, Interval(0.01, 0.01), 0.0, 100, 100, 10_000)
    assert "" == undecided(certain, 0.01, 0)


def test_more_data_cannot_decide_a_drop_equal_to_the_tolerance() -> None:
    """The line gives no estimate, since it would be infinite."""
    drop = WerDrop(0.01, Interval(0.005, 0.015), 0.0, 100, 1_000, 10_000)
    assert undecided(drop, 0.01, 0).endswith("the drop equals the tolerance, so more data cannot decide this")


def test_the_estimate_is_the_square_of_the_ratio() -> None:
    """An interval that reaches twice as far as the tolerance needs four times the words, rounded to two digits."""
    drop = WerDrop(0.005, Interval(-0.005, 0.015), 0.1, 100, 1_234, 10_000)
    assert "about 3,800 more words would decide this if the drop stays at 0.0050" in undecided(drop, 0.01, 0)
    assert math.ceil(1_234 * 3 / 100) * 100 == 3_800


def test_a_limited_corpus_has_more_words() -> None:
    """The remedy is the limit, and not a larger corpus."""
    few = replace(corpus(utterances=29), limited=True)
    assert gated(few).line.endswith("too few to decide (at least 300); raise --limit, or lower --min-words")
    one = replace(corpus(utterances=1), limited=True)
    assert gated(one, min_words=0).line.endswith("one utterance cannot be resampled: raise --limit to at least two")
