"""Tables and lines on the significance of WER drops: intervals, MAPSSWE, power, and all verdicts of a run together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wergate.evaluation.significance.family import LEVEL, holm, is_near
from wergate.formatting import interval, new_table, percent, signed_percent
from wergate.report.rows.evaluation import EvaluationRow, PairedRow, by_cell
from wergate.verdict import Status

if TYPE_CHECKING:
    from rich.table import Table

_DROPS = ("drop %", "95 % interval", "by utterance", "correlation", "better", "verdict")
_TESTS = ("changed", "segments", "MAPSSWE z", "p", "sees %", "tolerance %", "needs")


def paired_tables(evaluations: Sequence[EvaluationRow]) -> Iterator[Table]:
    """Yield two tables per model and corpus: the WER drops with their intervals, and MAPSSWE with the power."""
    for rows in by_cell(evaluations):
        name, paired = f"{rows[0].model} on {rows[0].corpus}", rows[0].paired
        of = f", {rows[0].utterances} utterances of {paired.speakers} speakers" if paired.speakers else ""
        drops = new_table(f"{name}: WER drop, interval by {paired.unit}{of}", "variant", _DROPS)
        tests = new_table(f"{name}: MAPSSWE, and the drop seen with 80 % power", "variant", _TESTS)
        for row in rows:
            drops.add_row(row.label, *_drop(row.paired))
            tests.add_row(row.label, *_test(row.paired))
        yield drops
        yield tests


def _drop(row: PairedRow) -> tuple[str, ...]:
    bounds = (interval(found, "+.2f", 100) for found in (row.interval, row.by_utterance))
    correlation = "-" if row.correlation is None else f"{row.correlation:+.3f}"
    better = "-" if row.improvement is None else f"{percent(row.improvement, 0)} %"
    return signed_percent(row.drop), *bounds, correlation, better, str(row.status)


def _test(row: PairedRow) -> tuple[str, ...]:
    test = ("-" if value is None else form.format(value) for form, value in (("{:+.2f}", row.z), ("{:.2g}", row.p)))
    needed = "-" if row.needed is None else f"{row.needed:,} {'speakers' if row.unit == 'speaker' else 'words'}"
    tolerance = percent(row.tolerance) if row.tolerance else "0, counted"
    return str(row.lost + row.gained), str(row.segments), *test, percent(row.visible), tolerance, needed


def speaker_lines(evaluations: Sequence[EvaluationRow]) -> Iterator[str]:
    """Yield a warning for each corpus whose intervals do not cover other speakers."""
    for corpus in dict.fromkeys(row.corpus for row in evaluations if row.paired.speakers == 1):
        yield f"{corpus}: single speaker: confidence intervals do not generalize to other speakers"
    for corpus in dict.fromkeys(row.corpus for row in evaluations if row.paired.speakers is None):
        yield (
            f"{corpus}: no speakers named: intervals are by utterance, and too narrow if utterances of a speaker move "
            "together; name the column with --columns speaker=NAME"
        )


def family_lines(evaluations: Sequence[EvaluationRow]) -> Iterator[str]:
    """Yield how many WER verdicts a run has, how many are near their threshold, and which would change under Holm."""
    rows = [row for row in evaluations if _tail(row.paired) is not None]
    if not rows:
        return
    near = sum(is_near(_tail(row.paired) or 0.0) for row in rows)
    yield (
        f"WER verdicts with a tolerance: {len(rows)}, each wrong with a probability of at most {percent(LEVEL, 1)} %; "
        f"{near} near the threshold"
    )
    changed = [*_undecided_by_holm(rows, Status.PASS), *_undecided_by_holm(rows, Status.FAIL)]
    for row in changed:
        cell = f"{row.label} on {row.corpus} ({row.model})"
        yield f"Holm's correction: {cell} would be INCONCLUSIVE, not {row.paired.status}"
    if not changed:
        yield "Holm's correction over these verdicts changes none of them"


def _undecided_by_holm(rows: Sequence[EvaluationRow], status: Status) -> Iterator[EvaluationRow]:
    tails = [_p(row.paired, status) or 0.0 for row in rows]
    for row, rejected in zip(rows, holm(tails), strict=True):
        if row.paired.status is status and not rejected:
            yield row


def _tail(row: PairedRow) -> float | None:
    """Return the smaller one-sided p-value; None without a tolerance, which is then counted, or without an interval."""
    tails = [_p(row, status) for status in (Status.PASS, Status.FAIL)]
    known = [tail for tail in tails if tail is not None]
    return min(known) if row.tolerance and known else None


def _p(row: PairedRow, status: Status) -> float | None:
    return row.p_within if status is Status.PASS else row.p_beyond
