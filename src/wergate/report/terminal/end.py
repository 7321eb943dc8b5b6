"""The last lines of a run: verdict, causes of failures, tables, what is undecided, files, next step, verdict."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wergate.formatting import interval
from wergate.report.exit_code import Cause, meaning_of, status_of
from wergate.report.failures.causes import Failure, by_cause, consequence_line
from wergate.report.failures.order import claim_and_remedy
from wergate.report.rows.evaluation import EvaluationRow
from wergate.report.rows.verdicts import VerdictRow
from wergate.report.terminal.compact import speed_table, wer_table, wrapped
from wergate.report.terminal.layer_names import short_layer_names
from wergate.timing.rows import RatioRow
from wergate.verdict import Status

LINES_MAX = 38  # of a run that passes; pytest's line above and the one below make 40
_CAUSES_MAX = 10  # of failed gates, with their remedies
_WHOLE = ("ERROR: ", "FAIL: ")  # lines that people search for are never wrapped
_WORDS = {Status.PASS: "passed", Status.FAIL: "failed", Status.INCONCLUSIVE: "undecided"}
_NEXT: Mapping[int, str] = {
    2: "run again; finished builds are in the cache, and an unfinished one starts over",
    Cause.SETUP: "fix the error shown above",
    Cause.UNEXPLAINED: "read the failure above: a test failed, but not by a gate",
    Cause.ACCURACY: "start with item 1 above, then run again",
    Cause.LATENCY: "start with item 1 above, then run again",
    Cause.INCONCLUSIVE: "get more evidence, as each line says, or accept undecided accuracy with --allow-inconclusive",
}
_WITHOUT_TABLES = {2, Cause.SETUP, Cause.UNEXPLAINED, Cause.INCONCLUSIVE}  # tables are not what to read next


@dataclass(frozen=True)
class End:
    """Everything that the last lines of a run show.

    Attributes:
        code: the exit code.
        verdicts: all of them.
        failed: those that fail the run, worst first.
        undecided: those that are INCONCLUSIVE and fail nothing.
        explanations: lines below a failed gate, by the verdict's line.
        tables: lines of further tables.
        worst: lines on the utterances that got worst.
        notes: sentences about the figures.
        exported: a line for each variant, where --export is given.
        files: paths of the files that were written.
        proposed: whether the tables end with settings that people are to paste into a suite file.
        details: whether all notes are shown, however many there are.
        latency: why no gate has judged the speed that was measured; empty if one has.
    """

    code: int
    verdicts: Sequence[VerdictRow] = ()
    failed: Sequence[VerdictRow] = ()
    undecided: Sequence[VerdictRow] = ()
    evaluations: Sequence[EvaluationRow] = ()
    ratios: Sequence[RatioRow] = ()
    explanations: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tables: Sequence[str] = ()
    worst: Sequence[str] = ()
    notes: Sequence[str] = ()
    exported: Sequence[str] = ()
    files: Sequence[str] = ()
    details: bool = False
    proposed: bool = False
    latency: str = ""


def end_lines(end: End, width: int) -> list[str]:
    """Return the lines; a run that passes has at most `LINES_MAX` of them, unless studies add tables."""
    verdict = headline(end.code, end.verdicts, end.latency)
    figures = [*wer_table(end.evaluations, width), *speed_table(end.ratios, width)]
    last = ["", *end.exported, _files(end.files), *wrapped(f"next: {next_step(end)}", width), verdict]
    tables = [line for part in (end.tables, end.worst) if part for line in ("", *part)]
    room = LINES_MAX - 1 - len(figures) - len(last)
    return [verdict, *_failed(end, width), *figures, *tables, *_notes(end, width, room), *last]


def headline(code: int, verdicts: Sequence[VerdictRow], latency: str = "") -> str:
    """Return the verdict on a run in one line, with the number of gates behind it.

    Args:
        latency: as in `End`.
    """
    counts = Counter(row.status for row in verdicts)
    status = status_of(code, undecided=bool(counts[Status.INCONCLUSIVE]))
    if status is Status.PASS:
        gates = f"all {len(verdicts)} gates passed" if verdicts else "no gate ran"
        return "; ".join([f"{status}: {gates}", *([latency] if latency else [])])
    gates = ", ".join(f"{counts[status]} {_WORDS[status]}" for status in Status if counts[status])
    why = "" if status is Status.INCONCLUSIVE else f"{meaning_of(code)}; "
    found = "; ".join([f"gates: {gates or 'none ran'}", *([latency] if latency else [])])
    return f"{status}: {why}{found} (exit code {code})"


def next_step(end: End) -> str:
    """Return what people do after the run."""
    steps = [_NEXT.get(end.code, "run again: this run has no verdict")] if end.code != 0 else []
    if end.code == 0 and end.undecided:
        steps.append("run again on a quiet machine; --strict fails a run whose latency is undecided")
    elif end.code == 0 and end.proposed:
        steps.append("paste the settings above into a suite file, and run the gates with --suite FILE")
    elif end.code == 0 and not end.exported:
        steps.append("--export DIR writes the IRs that passed")
    if not end.details and end.code not in _WITHOUT_TABLES and not end.undecided:
        steps.append("--details prints every table")
    return "; ".join(steps) or "none"


def _files(files: Sequence[str]) -> str:
    return f"results: {', '.join(files)}" if files else "results: not saved; --results FILE.json saves them"


def _failed(end: End, width: int) -> Iterator[str]:
    """Yield what failed, causes first: each cause has its remedy, what explains it, and the gates that fail with it."""
    found = by_cause(end.failed)
    for number, failure in enumerate(found[:_CAUSES_MAX], start=1):
        claim, remedy = (short_layer_names(part) for part in claim_and_remedy(failure.cause))
        margin = " " * (len(f"{number}") + 2)
        yield from wrapped(f"{number}. {failure.cause.status} {claim}", width, margin)
        yield from wrapped(f"{margin}do: {remedy}", width, f"{margin}    ") if remedy else []
        rows = [failure.cause, *failure.consequences]
        yield from (f"{margin}{line}" for row in rows for line in end.explanations.get(row.line, ()))
        yield from _consequences(end, failure, width, margin)
    left = sum(1 + len(failure.consequences) for failure in found[_CAUSES_MAX:])
    if left:
        yield f"{left} more gates failed: --details"


def _consequences(end: End, failure: Failure, width: int, margin: str) -> Iterator[str]:
    if failure.consequences and end.details:
        for row in failure.consequences:
            claim = short_layer_names(claim_and_remedy(row)[0])
            yield from wrapped(f"{margin}with it: {claim}", width, f"{margin}    ")
    elif failure.consequences:
        yield from wrapped(f"{margin}{consequence_line(failure)}", width, f"{margin}    ")


def _notes(end: End, width: int, room: int) -> list[str]:
    """Return what is undecided, and what people should know of the figures, in the lines that are left."""
    whole = [line for line in end.notes if line.startswith(_WHOLE)]
    notes = [wrapped(line, width) for line in end.notes if line not in whole]
    left = sys.maxsize if end.details else room - 1 - len(whole)
    undecided = _undecided(end.undecided, width, left)
    lines = [*whole, *undecided, *_fitted(notes, left - len(undecided), "notes")]
    return ["", *lines] if lines else []


def _undecided(rows: Sequence[VerdictRow], width: int, room: int) -> list[str]:
    """Return what was measured of each undecided gate, and below all of them what would decide each kind, once."""
    claims, remedies = [], []
    for row in rows:
        bounds = f" ({interval(row.interval)})" if row.interval else ""
        value = "not finite" if row.value is None else f"{row.value:.2f}"
        scope = row.line.partition(" [")[2].partition("]")[0]
        claim = f"{row.subject} {row.gate}={value}{bounds}, threshold {row.relation} {row.threshold:.4g} [{scope}]"
        claims.append(wrapped(f"undecided: {claim}", width))
        reason, _, remedy = claim_and_remedy(row)[1].partition(": ")
        remedies.append(remedy or reason)
    steps = [line for remedy in dict.fromkeys(remedies) for line in wrapped(f"  do: {remedy}", width, " " * 6)]
    return [*_fitted(claims, room - len(steps), "undecided gates"), *steps]


def _fitted(blocks: Sequence[list[str]], room: int, name: str) -> list[str]:
    """Return as many blocks as there is room for, the first one always, and a count of those that are left out."""
    lines: list[str] = []
    for number, block in enumerate(blocks):
        rest = len(blocks) - number
        if lines and len(lines) + len(block) + (rest > 1) > room:
            return [*lines, f"{rest} more {name if rest > 1 else name.removesuffix('s')}: --details"]
        lines += block
    return lines
