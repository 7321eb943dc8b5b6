"""The tables of a run's summary, in markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wergate.evaluation.rows import IntervalRow, WordErrorRow
from wergate.formatting import table
from wergate.results import EvaluationRow, VerdictRow
from wergate.timing.rows import BenchmarkRow, RatioRow
from wergate.verdict import Status

_ORDER = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS)
_NOT_TIMED = "build"


def verdict_table(verdicts: Sequence[VerdictRow]) -> str:
    """Return gates with their figures, those that failed first."""
    rows = [
        (
            str(row.status),
            f"`{row.gate}`",
            row.subject,
            row.model or "",
            row.corpus or "",
            "not finite" if row.value is None else f"{row.value:.4g}",
            _bounds(row.interval),
            f"{row.relation} {row.threshold:.4g}",
        )
        for row in sorted(verdicts, key=lambda row: _ORDER.index(row.status))
    ]
    header = ("verdict", "gate", "of", "model", "corpus", "value", "interval", "should be")
    return table(header, list(dict.fromkeys(rows)))


def word_error_table(evaluations: Sequence[EvaluationRow]) -> str:
    """Return each model and corpus: the reference recognizer, then what was made of it."""
    header = ("model", "corpus", "recognizer", "WER %", "S/D/I", "drop", "interval", "equal", "SQNR dB")
    return table(header, [line for block in _by_cell(evaluations) for line in _cell_lines(block)])


def _by_cell(evaluations: Sequence[EvaluationRow]) -> Iterator[list[EvaluationRow]]:
    cells: dict[tuple[str, str], list[EvaluationRow]] = {}
    for row in evaluations:
        cells.setdefault((row.model, row.corpus), []).append(row)
    yield from cells.values()


def _cell_lines(rows: Sequence[EvaluationRow]) -> Iterator[tuple[str, ...]]:
    first = rows[0]
    corpus = f"{first.corpus} ({first.utterances} utterances, {first.reference.words} words)"
    yield (first.model, corpus, first.engine, *_words(first.reference), "", "", "", "")
    for row in sorted(rows, key=lambda row: row.variant):
        sqnr = "inf" if row.logits.sqnr_db is None else f"{row.logits.sqnr_db:.1f}"
        equal = f"{row.utterances - len(row.mismatches)}/{row.utterances}"
        drop = f"{100 * row.wer_drop:+.2f}"
        yield ("", "", row.label, *_words(row.candidate), drop, _bounds(row.paired.interval, 100), equal, sqnr)


def _words(errors: WordErrorRow) -> tuple[str, str]:
    wer = "-" if errors.wer is None else f"{100 * errors.wer:.2f}"
    return wer, f"{errors.substitutions}/{errors.deletions}/{errors.insertions}"


def timing_table(benchmarks: Sequence[BenchmarkRow]) -> str:
    """Return the latencies, "" without one; a change against another set-up is marked as advice."""
    rows = [
        (
            row.model or "",
            row.name,
            f"{row.median_ms:.2f}",
            "" if row.p90_ms is None else f"{row.p90_ms:.2f}",
            str(row.rounds),
            "" if row.rtfx is None else f"{row.rtfx:.0f}",
            _change(row),
            "; ".join(row.noise),
        )
        for row in benchmarks
        if row.group != _NOT_TIMED
    ]
    return table(("model", "timed", "median ms", "p90 ms", "rounds", "RTFx", "change", "noise"), rows) if rows else ""


def _change(row: BenchmarkRow) -> str:
    if row.baseline_ms is None:
        return ""
    advisory = " (advisory)" if row.advisory else ""
    return f"{100 * (row.median_ms / row.baseline_ms - 1):+.0f} %{advisory}"


def ratio_table(ratios: Sequence[RatioRow]) -> str:
    """Return how many times faster what was timed in turns is, "" without one."""
    rows = [
        (
            row.model,
            f"{row.fast} over {row.slow}, {row.duration_s:g} s",
            f"{row.ratio:.2f}x",
            _bounds(row.interval),
            f"{row.fast_ms:.2f} / {row.slow_ms:.2f}",
            str(row.rounds),
            "; ".join(row.noise),
        )
        for row in ratios
    ]
    header = ("model", "timed in turns", "times as fast", "interval", "ms", "rounds", "noise")
    return table(header, rows) if rows else ""


def _bounds(interval: IntervalRow | None, scale: float = 1.0) -> str:
    """Return an interval as text."""
    if interval is None:
        return ""
    low = "-inf" if interval.low is None else f"{scale * interval.low:.4g}"
    high = "inf" if interval.high is None else f"{scale * interval.high:.4g}"
    return f"{low} to {high}"
