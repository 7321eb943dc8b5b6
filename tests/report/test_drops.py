"""Tables and lines on WER drops: units and intervals, power, speakers, and Holm's correction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.report.test_export import CLEAN, evaluation
from wergate.evaluation.rows import IntervalRow
from wergate.formatting import render
from wergate.report.rows.evaluation import EvaluationRow
from wergate.report.terminal.drops import family_lines, paired_tables, speaker_lines
from wergate.verdict import Status


def row(corpus: str = CLEAN, **paired: Any) -> EvaluationRow:
    """Return the row of an evaluation whose paired figures are partly given."""
    found = evaluation(corpus, 0.1)
    return found.model_copy(update={"paired": found.paired.model_copy(update=paired)})


def test_both_intervals_and_the_correlation_are_in_the_table() -> None:
    """The first table gives the gate's interval, the one by utterance, and the correlation within a speaker."""
    by_speaker = {"unit": "speaker", "units": 6, "speakers": 6, "correlation": 0.0213, "method": "t", "needed": 14}
    found = row(
        **by_speaker,
        interval=IntervalRow(low=-0.0057, high=0.0086, confidence=0.95),
        by_utterance=IntervalRow(low=-0.0041, high=0.0069, confidence=0.95),
        visible=0.0097,
    )
    drops, tests = (" ".join(render(table, 120).split()) for table in paired_tables([found]))
    assert "WER drop, interval by speaker, 4 utterances of 6 speakers" in drops
    assert "-0.57 to +0.86 -0.41 to +0.69 +0.021" in drops
    assert "0.97 1.00 14 speakers" in tests


def test_a_tolerance_of_zero_needs_no_number() -> None:
    """It is counted, and no number of words would show it."""
    (_, tests) = paired_tables([row(tolerance=0.0, needed=None)])
    assert "0, counted -" in " ".join(render(tests, 120).split())


def test_corpora_whose_intervals_do_not_generalize_are_named() -> None:
    """One line for a corpus of one speaker, one for a corpus that names none, and none for several speakers."""
    lines = [*speaker_lines([row("alone", speakers=1), row("unnamed", speakers=None), row("both", speakers=2)])]
    assert "alone: single speaker: confidence intervals do not generalize to other speakers" == lines[0]
    assert lines[1].startswith("unnamed: no speakers named: intervals are by utterance, and too narrow if ")
    assert lines[1].endswith("; name the column with --columns speaker=NAME")
    assert 2 == len(lines)


def passed(p_within: float, **more: Any) -> EvaluationRow:
    """Return the row of a variant that passed with this p-value."""
    return row(status=Status.PASS, p_within=p_within, p_beyond=1 - p_within, **more)


def test_the_family_is_counted_and_corrected() -> None:
    """Of three verdicts, Holm's correction takes back the one at 2 %; a counted tolerance is left out."""
    undecided = row(status=Status.INCONCLUSIVE, p_within=0.3, p_beyond=0.7)
    rows = [passed(0.0001), passed(0.02), undecided, passed(0.5, tolerance=0.0)]
    assert [
        "WER verdicts with a tolerance: 3, each wrong with a probability of at most 2.5 %; 1 near the threshold",
        f"Holm's correction: {rows[1].label} on {CLEAN} (mine) would be INCONCLUSIVE, not PASS",
    ] == [*family_lines(rows)]


@pytest.mark.parametrize("rows", [[passed(0.0001), passed(0.001)], [passed(0.02)]])
def test_holm_changes_nothing_where_all_are_clear(rows: list[EvaluationRow]) -> None:
    """Clear verdicts stay, and so does a single one."""
    assert "Holm's correction over these verdicts changes none of them" == [*family_lines(rows)][-1]


def test_a_failure_is_corrected_too() -> None:
    """A FAIL near the threshold would be INCONCLUSIVE, and an INCONCLUSIVE verdict stays what it is."""
    failed = row(status=Status.FAIL, p_within=0.98, p_beyond=0.02)
    open_one = row(status=Status.INCONCLUSIVE, p_within=0.3, p_beyond=0.7)
    lines = [*family_lines([failed, open_one])]
    assert ["INCONCLUSIVE, not FAIL"] == [line.partition("would be ")[2] for line in lines[1:]]


def test_a_run_without_a_tolerance_has_no_family() -> None:
    """There are no lines."""
    assert [] == [*family_lines([passed(0.5, tolerance=0.0)])]
