"""The gate on the word error rate: three statuses, each where the evidence asks for it, each with its line."""

from __future__ import annotations

import math
import re

import pytest

from tests.support.shipped import config
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.evaluation.significance import WerDrop, paired_bootstrap
from wergate.gates.wer import undecided, wer_verdict
from wergate.networks.alphabet import Alphabet
from wergate.networks.logits import LogitsDifference
from wergate.verdict import Interval, Status, Verdict

UPPER = Alphabet(("<pad>", "|", "'", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 0, "|")
TEN = "ONE TWO SIX TEN CAT DOG SUN SEA SKY OAK"
WRONG = "ONE TWO SIX TEN CUT DOG SUN SEA SKY OAK"


def evaluated(*heard: tuple[str, str, str]) -> Evaluation:
    """Return the evaluation of what was said, what the reference model heard, what the candidate heard."""
    outcomes = (UtteranceOutcome(f"u{n}", 3.0, *texts, LogitsDifference()) for n, texts in enumerate(heard))
    return Evaluation("corpus", "pytorch", "upper", tuple(outcomes), UPPER)


def gated(evaluation: Evaluation, tolerance: float = 0.01, min_words: int = 300) -> Verdict:
    """Return the verdict at a tolerance."""
    gates = config().thresholds.int8.model_copy(update={"wer_drop_max": tolerance})
    return wer_verdict(evaluation, gates, subject="INT8", model="tiny", min_words=min_words)


def corpus(*, utterances: int, worse: int = 0, better: int = 0) -> Evaluation:
    """Return utterances of ten words, of which some got one word worse, others one word better."""
    same = utterances - worse - better
    return evaluated(*[(TEN, TEN, WRONG)] * worse, *[(TEN, WRONG, TEN)] * better, *[(TEN, TEN, TEN)] * same)


def test_a_drop_that_chance_cannot_lift_over_the_tolerance_passes() -> None:
    """The whole interval is at or below it; the line has the point, the interval, and MAPSSWE's p."""
    verdict = gated(corpus(utterances=280, worse=6, better=2))
    assert Status.PASS is verdict.status
    assert re.fullmatch(
        r"INT8 wer=0\.002143 \(95 % interval 0\.000\d+ to 0\.004\d+\) <= 0\.01071 "
        r"\(pytorch 0\.0007143 \+ 0\.01; MAPSSWE p=0\.1\d\) \[tiny, corpus, 280 utterances, 2800 words\]",
        verdict.line,
    ), verdict.line


def test_a_drop_that_chance_cannot_explain_fails() -> None:
    """The whole interval is above the tolerance."""
    verdict = gated(corpus(utterances=280, worse=100, better=2))
    assert Status.FAIL is verdict.status
    assert ", but should be <= 0.01071 (pytorch 0.0007143 + 0.01; MAPSSWE p=" in verdict.line
    assert verdict.line.endswith(verdict.remedy)


def test_two_words_of_the_tutorial_settle_nothing() -> None:
    """0.0383 to 0.0400 on 1,100 words, at a tolerance of half a percent: neither good nor bad, and how much more."""
    verdict = gated(corpus(utterances=110, worse=8, better=6), tolerance=0.005)
    assert Status.INCONCLUSIVE is verdict.status
    assert "; a drop of 0.005 is inside the interval: about " in verdict.line
    assert verdict.line.endswith(" words more would settle it if the drop stays at 0.0018")


def settled(*, tolerance: float, utterances: int, worse: int) -> str:
    """Return what a drop leaves open in utterances of ten words, some with an error more and half as many with less."""
    same = utterances - worse - worse // 2
    before, after = (([one] * worse) + ([other] * (worse // 2)) + [0] * same for one, other in ((0, 1), (1, 0)))
    drop = paired_bootstrap(words=[10] * utterances, reference=before, candidate=after)
    return undecided(drop, tolerance, 0)


@pytest.mark.parametrize("tolerance", [0.005, 0.015])
def test_as_many_words_as_it_says_settle_it(tolerance: float) -> None:
    """Of a drop of one percent, in a corpus that much larger, with the same share of errors: on either side of it."""
    told = re.search(r"about ([\d,]+) words more", settled(tolerance=tolerance, utterances=200, worse=40))
    assert told
    more = int(told[1].replace(",", "")) / 2_000
    for part, enough in ((0.6, False), (1.2, True)):
        factor = 1 + part * more
        left = settled(tolerance=tolerance, utterances=round(200 * factor), worse=round(40 * factor))
        assert enough == (left == ""), (factor, left)


def test_equal_transcripts_pass_at_a_tolerance_of_nothing() -> None:
    """As FP16 is held: the interval has no width, however many errors both make."""
    verdict = gated(evaluated(*[(TEN, WRONG, WRONG)] * 40), tolerance=0.0)
    assert (Status.PASS, 0.1) == (verdict.status, verdict.value)
    assert verdict.interval == Interval(0.1, 0.1)


def test_a_better_candidate_passes_at_a_tolerance_of_nothing() -> None:
    """An improvement never fails, nor stays open."""
    assert Status.PASS is gated(corpus(utterances=40, better=1), tolerance=0.0).status


def test_one_word_worse_is_no_pass_at_a_tolerance_of_nothing() -> None:
    """It is not proven, and not allowed by default either."""
    assert Status.INCONCLUSIVE is gated(corpus(utterances=40, worse=1), tolerance=0.0).status


def test_a_toy_corpus_settles_nothing() -> None:
    """Below `--min-words`, be it perfect or hopeless; at it, it does."""
    for toy in (corpus(utterances=29), corpus(utterances=29, worse=29)):
        verdict = gated(toy)
        assert Status.INCONCLUSIVE is verdict.status
        assert verdict.line.endswith(
            "; 290 words are a toy corpus: evaluate 10 words more, or lower --min-words from 300"
        )
    assert Status.PASS is gated(corpus(utterances=30)).status
    assert Status.FAIL is gated(corpus(utterances=29, worse=29), min_words=0).status


def test_one_utterance_settles_nothing() -> None:
    """However many words it has: nothing can be resampled."""
    verdict = gated(evaluated((f"{TEN} " * 50, f"{TEN} " * 50, f"{TEN} " * 50)))
    assert Status.INCONCLUSIVE is verdict.status
    assert verdict.line.endswith("; one utterance leaves nothing to resample: evaluate at least two")


@pytest.mark.parametrize("text", ["", "(MUSIC)"])
def test_a_corpus_without_a_word_is_refused(text: str) -> None:
    """Empty transcripts, or emptied ones: which corpus, how many, and what to look at."""
    silent = evaluated((text, "", "LA LA"), (text, "", ""))
    english = Evaluation("music", "pytorch", "english", silent.outcomes, UPPER)
    message = (
        "corpus 'music' has no word in its 2 transcripts after the normalizer 'english'; a word error rate needs "
        "words; name the transcripts' column with --columns text=NAME, or another --normalizer"
    )
    with pytest.raises(SuiteError, match=f"^{re.escape(message)}$"):
        gated(english)


def test_rounding_decides_nothing() -> None:
    """29 errors against 28 on a hundred words, each utterance alike, are within a tolerance of one percent."""
    before, after = 28 * [1] + 72 * [0], 29 * [1] + 71 * [0]
    drop = paired_bootstrap(words=[1] * 100, reference=before, candidate=after)
    assert "" != undecided(drop, 0.01, 0)
    sure = WerDrop(drop.value, Interval(0.01, 0.01), 0.0, 100, 100, 10_000)
    assert "" == undecided(sure, 0.01, 0)


def test_a_drop_of_just_the_tolerance_is_settled_by_nothing() -> None:
    """No estimate of infinitely many words."""
    drop = WerDrop(0.01, Interval(0.005, 0.015), 0.0, 100, 1_000, 10_000)
    assert undecided(drop, 0.01, 0).endswith("the drop is the tolerance itself, which no number of words settles")


def test_the_estimate_is_the_square_of_the_ratio() -> None:
    """An interval reaching twice as far as the tolerance needs four times the words; no more digits than are known."""
    drop = WerDrop(0.005, Interval(-0.005, 0.015), 0.1, 100, 1_234, 10_000)
    assert "about 3,800 words more would settle it if the drop stays at 0.0050" in undecided(drop, 0.01, 0)
    assert math.ceil(1_234 * 3 / 100) * 100 == 3_800
