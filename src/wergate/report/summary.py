"""The Markdown summary of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wergate.disk.files import append_to_file
from wergate.formatting import collapsed, decibels, interval, signed_percent, table, verbatim, word_errors
from wergate.report.exit_code import meaning_of, status_of
from wergate.report.failures.causes import Failure, by_cause, consequence_line
from wergate.report.failures.order import worst_first
from wergate.report.redact import redacted, without_local_paths
from wergate.report.results import Results
from wergate.report.rows.evaluation import EvaluationRow
from wergate.report.rows.verdicts import VerdictRow
from wergate.report.tables import study_figures
from wergate.report.terminal.drops import family_lines
from wergate.studies.duel.declaration import STUDY as DUEL
from wergate.studies.duel.tables import duel_lines
from wergate.timing.rows import BenchmarkRow, RatioRow
from wergate.timing.tables import change
from wergate.verdict import Status

_ORDER = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS)
_NOT_TIMED = "build"
_BYTES_MAX = 900_000  # of the file, with what other steps have written; GitHub drops all of it beyond 1 MiB
_LEFT_OUT = "The rest of this summary is left out: there is too little room in the file. See the log or the results.\n"


def verdict_table(verdicts: Sequence[VerdictRow]) -> str:
    """Return the table of gates with their figures, failed ones first."""
    rows = [
        (
            str(row.status),
            f"`{row.gate}`",
            row.subject,
            row.model or "",
            row.corpus or "",
            "not finite" if row.value is None else f"{row.value:.4g}",
            interval(row.interval, ".4g"),
            f"{row.relation} {row.threshold:.4g}",
        )
        for row in sorted(verdicts, key=lambda row: _ORDER.index(row.status))
    ]
    header = ("verdict", "gate", "variant", "model", "corpus", "value", "interval", "threshold")
    return table(header, list(dict.fromkeys(rows)))


def word_error_table(evaluations: Sequence[EvaluationRow]) -> str:
    """Return the table of word errors: for each model and corpus the reference model, then its variants."""
    header = ("model", "corpus", "variant", "WER %", "S/D/I", "drop", "95 % interval", "same text", "SQNR dB")
    return table(header, [line for block in _by_cell(evaluations) for line in _cell_lines(block)])


def _by_cell(evaluations: Sequence[EvaluationRow]) -> Iterator[list[EvaluationRow]]:
    cells: dict[tuple[str, str], list[EvaluationRow]] = {}
    for row in evaluations:
        cells.setdefault((row.model, row.corpus), []).append(row)
    yield from cells.values()


def _cell_lines(rows: Sequence[EvaluationRow]) -> Iterator[tuple[str, ...]]:
    first = rows[0]
    corpus = f"{first.corpus} ({first.utterances} utterances, {first.reference.words} words)"
    yield (first.model, corpus, first.engine, *word_errors(first.reference), "", "", "", "")
    for row in sorted(rows, key=lambda row: row.variant):
        drop = signed_percent(row.wer_drop), interval(row.paired.interval, ".4g", 100)
        equal = row.same_text
        yield ("", "", row.label, *word_errors(row.candidate), *drop, equal, decibels(row.logits.sqnr_db))


def timing_table(benchmarks: Sequence[BenchmarkRow]) -> str:
    """Return the table of latencies, "" without rows; changes against another set-up are marked as advisory."""
    rows = [
        (
            row.model or "",
            row.name,
            f"{row.median_ms:.2f}",
            "" if row.p90_ms is None else f"{row.p90_ms:.2f}",
            str(row.rounds),
            "" if row.rtfx is None else f"{row.rtfx:.0f}",
            _advised(row),
            "; ".join(row.noise),
        )
        for row in benchmarks
        if row.group != _NOT_TIMED
    ]
    return table(("model", "timed", "median ms", "p90 ms", "rounds", "RTFx", "change", "noise"), rows) if rows else ""


def _advised(row: BenchmarkRow) -> str:
    found = change(row)
    return f"{found} (advisory)" if found and row.advisory else found


def ratio_table(ratios: Sequence[RatioRow]) -> str:
    """Return the table of speed-ups from interleaved timing, "" without rows."""
    rows = [
        (
            row.model,
            f"{row.fast} over {row.slow}, {row.duration_s:g} s",
            f"{row.ratio:.2f}x",
            interval(row.interval, ".4g"),
            f"{row.fast_ms:.2f} / {row.slow_ms:.2f}",
            str(row.rounds),
            "; ".join(row.noise),
        )
        for row in ratios
    ]
    header = ("model", "compared", "speed-up", "interval", "ms", "rounds", "noise")
    return table(header, rows) if rows else ""


@dataclass(frozen=True)
class Ending:
    """The end of a run: facts that the results do not contain.

    Attributes:
        code: the exit code.
        mistakes: errors in the set-up that must be corrected before there is a verdict.
        unexplained: ids of tests that failed without a verdict of a gate.
        notes: remarks on the measurements.
        latency: why no gate has judged the speed that was measured; empty if one has.
    """

    code: int
    mistakes: Sequence[str] = ()
    unexplained: Sequence[str] = ()
    notes: Sequence[str] = ()
    latency: str = ""


def summary(run: Results, ending: Ending) -> str:
    """Return the summary: verdict, gates that did not pass, figures, machine, gates that passed."""
    shown = without_local_paths(run)
    parts = [*_top(ending, run.verdict), *_gates(shown.verdicts), *_figures(shown, ending), *_end(shown)]
    return redacted("\n\n".join(part for part in parts if part)) + "\n"


def append_bounded(path: Path, text: str) -> None:
    """Append a summary to a file, as far as GitHub would still show the file.

    Raises:
        SuiteError: the file cannot be written.
    """
    held = path.stat().st_size if path.exists() else 0
    shown = bounded(text, _BYTES_MAX - held - 1)  # a blank line separates it from the text of other steps
    if shown:
        append_to_file(path, shown, what="summary")


def bounded(text: str, room: int) -> str:
    """Return the paragraphs of a summary that fit, from its start, and a sentence about those that do not.

    Args:
        text: the summary, which starts with the verdict.
        room: number of bytes in UTF-8 that there is room for.
    """
    if len(text.encode()) <= room:
        return text
    kept, used = [], len(_LEFT_OUT)
    for paragraph in text.split("\n\n"):
        used += len(paragraph.encode()) + 2
        if used > room:
            break
        kept.append(paragraph)
    return "\n\n".join([*kept, _LEFT_OUT]) if kept else ""


def broken_summary(mistake: str, code: int) -> str:
    """Return the summary of a run that a mistake in the set-up ended before any test."""
    return redacted("\n\n".join(_top(Ending(code, [mistake]), Status.FAIL))) + "\n"


def _top(ending: Ending, verdict: Status) -> Iterator[str]:
    undecided = verdict is Status.INCONCLUSIVE
    status, meaning = status_of(ending.code, undecided=undecided), meaning_of(ending.code, undecided=undecided)
    latency = f"; {ending.latency}" if ending.latency else ""
    yield f"## wergate: {status}\n\n{meaning}{latency} (exit code {ending.code})"
    if ending.mistakes:
        yield verbatim(ending.mistakes)
    if ending.unexplained:
        yield f"Tests that failed without a verdict of a gate (see the log):\n\n{verbatim(ending.unexplained)}"


def _gates(verdicts: Sequence[VerdictRow]) -> Iterator[str]:
    open_ones = [row for row in verdicts if row.status is not Status.PASS]
    if open_ones:
        failures = by_cause(worst_first(open_ones, lambda row: row.status is Status.PASS))
        yield f"### {len(open_ones)} of {len(verdicts)} gates did not pass\n\n{verdict_table(open_ones)}"
        yield verbatim([line for failure in failures for line in _failure_lines(failure)])


def _failure_lines(failure: Failure) -> Iterator[str]:
    """Yield a cause with its remedy, and below it the gates that fail with it."""
    yield failure.cause.line
    if failure.consequences:
        yield f"  {consequence_line(failure)}"


def _figures(run: Results, ending: Ending) -> Iterator[str]:
    if run.evaluations:
        yield f"### Word error rate\n\n{word_error_table(run.evaluations)}"
        yield "\n".join(family_lines(run.evaluations))
    latency = [part for part in (ratio_table(run.ratios), timing_table(run.benchmarks)) if part]
    if latency:
        yield "\n\n".join(["### Latency", *latency])
    if run.duels:
        yield f"### Duel\n\n{verbatim(list(duel_lines(run.duels)))}"
        yield from (f"{found.title}\n\n{table(found.columns, found.rows)}" for found in study_figures(DUEL, run))
    if ending.notes:
        yield verbatim(ending.notes)


def _end(run: Results) -> Iterator[str]:
    yield machine_line(run)
    passed = [row for row in run.verdicts if row.status is Status.PASS]
    if passed:
        yield collapsed(f"{len(passed)} gates passed", verdict_table(passed))


def machine_line(run: Results) -> str:
    """Return CPU type, settings and versions in one line; nothing identifies the machine."""
    packages = ", ".join(
        f"{name} {run.versions[name]}" for name in ("openvino", "nncf", "torch") if name in run.versions
    )
    setting = f"{run.options.get('device')}, {run.options.get('inference_precision')}"
    given = "".join(f"; {name}={value}" for name, value in run.environment.items())
    return f"{run.cpu.model}, {run.cpu.size}, {run.cpu.isa}; {setting}; wergate {run.wergate}, {packages}{given}"
