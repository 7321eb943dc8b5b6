"""The worst utterances of a failed gate: their order, and the alignment of three transcripts."""

from __future__ import annotations

from tests.support.variants import make_variant
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.networks.logits import LogitsDifference
from wergate.report.terminal.utterances import whole_utterance_lines, worse_utterances, worst_utterance_lines

LOGITS = LogitsDifference(1, 1, 1.0, 1.0, signal=100.0, noise=1.0)


def lines(*transcripts: tuple[str, str, str], width: int = 76) -> list[str]:
    """Return the lines about utterances: reference, transcript of the reference model, transcript of the variant."""
    outcomes = tuple(UtteranceOutcome(f"u{n}", 5.0, *texts, LOGITS) for n, texts in enumerate(transcripts))
    return worst_utterance_lines(Evaluation(make_variant(), "corpus", "pytorch", "upper", outcomes), width)


def test_errors_are_marked_below_the_words() -> None:
    """A capital letter is a new error, a small one is also in the reference model; gaps stay aligned."""
    subject = make_variant().subject
    found = lines(("THE CAT SAT ON A MAT", "THE CAD SAT ON A MAT", "THE COD SIT ON ON MAT SO"))
    assert found == [
        "u0: 4 word errors, pytorch 1",
        "  reference  THE CAT SAT ON A  MAT -",
        "  pytorch    THE CAD SAT ON A  MAT -",
        f"  {subject:11}THE COD SIT ON ON MAT SO",
        "                 s   S      S      I",
    ]


def test_the_three_with_the_largest_rise_come_first() -> None:
    """An utterance that is alike or better on the variant says nothing against it.

    Between equals, the larger share of the words decides.
    """
    same, better = ("A B C", "X Y Z", "X Y Z"), ("A B", "X Y", "A Y")
    found = lines(better, same, ("A B", "A B", "A X"), ("A B", "A B", "Y X"), ("A", "A", ""))
    assert ["u3: 2 word errors, pytorch 0", "u4: 1 word error, pytorch 0", "u2: 1 word error, pytorch 0"] == [
        line for line in found if line.startswith("u")
    ]
    assert lines(same, better) == []


def test_only_parts_with_errors_are_shown() -> None:
    """A long utterance is cut into parts that fit, two of which are shown."""
    text = " ".join(["SEVEN"] * 60)
    found = lines(
        (text, text, text.replace("SEVEN SEVEN SEVEN SEVEN SEVEN", "SEVEN SEVEN SEVEN SEVEN ELEVEN")), width=60
    )
    assert max(map(len, found)) <= 60
    assert 2 == sum(line.startswith("  reference") for line in found)
    assert found[-1].endswith("more lines of this utterance")
    one = lines((text, text, f"{text} OK"), width=60)
    assert 1 == sum(line.startswith("  reference") for line in one)


def test_what_got_worse_is_shown_whole() -> None:
    """The errors that were added decide; an utterance with another transcript and as many errors is not worse."""
    long = " ".join(["SEVEN"] * 60)
    texts = (("A B", "A X", "X B"), ("A B", "A B", "A X"), (long, long, "NO NO"), ("A B", "X Y", "A B"))
    outcomes = tuple(UtteranceOutcome(f"u{n}", 5.0, *each, LOGITS) for n, each in enumerate(texts))
    evaluation = Evaluation(make_variant(), "corpus", "pytorch", "upper", outcomes)
    worse = worse_utterances(evaluation)
    assert ["u2", "u1"] == [outcome.id for outcome in worse]
    found = whole_utterance_lines(evaluation, worse[0], 76)
    assert "u2: word errors +60 (pytorch 0, INT8 60)" == found[0]
    written = [line for line in found if line.startswith("  reference")]
    assert 60 == sum(line.count("SEVEN") for line in written)
    assert max(map(len, found)) <= 76


def test_an_utterance_may_be_empty() -> None:
    """No word was said, or none was written."""
    assert "  reference  -" in lines(("", "", "GHOST"))
    assert lines(("WORD", "WORD", ""))[-1].split() == ["D"]
