"""A comparison as text for the terminal, and as Markdown for a pull request."""

from __future__ import annotations

import html
from collections.abc import Iterator

from wergate.errors import printable
from wergate.formatting import collapsed, new_table, render, table, verbatim
from wergate.report.compare.pairs import Comparison, Pair
from wergate.report.compare.tables import changed_title, changed_utterances, remarks, speed, word_errors
from wergate.report.redact import shareable, shareable_text
from wergate.report.results import Results
from wergate.report.run_folder.folder import RunFolder
from wergate.report.summary import machine_line
from wergate.report.tables import Figures
from wergate.verdict import Status

_MEANING = {
    Status.PASS: "no word error rate rose by more than the tolerance",
    Status.FAIL: "a word error rate rose by more than the tolerance",
    Status.INCONCLUSIVE: "the utterances do not decide whether a word error rate rose by more than the tolerance",
}


def terminal_lines(comparison: Comparison, *, worst: int, width: int) -> Iterator[str]:
    """Yield the comparison line by line; foreign text cannot command the terminal.

    Args:
        worst: how many changed utterances to show of each recognizer.
        width: columns that a line may take.
    """
    for line in _terminal_lines(comparison, worst, width):
        yield from (printable(part) for part in line.split("\n"))


def _terminal_lines(comparison: Comparison, worst: int, width: int) -> Iterator[str]:
    for side, run in (("A", comparison.first), ("B", comparison.second)):
        yield f"{side}: {_title(run)}"
    yield ""
    yield _drawn(word_errors(comparison), width)
    yield from _verdict_lines(comparison)
    yield from remarks(comparison)
    for pair in comparison.pairs:
        yield from _changed_lines(pair, worst, width)
    yield ""
    reason, tables = speed(comparison.first.results, comparison.second.results)
    yield from [reason] if reason else [_drawn(figures, width) for figures in tables]
    yield f"{comparison.status}: {_MEANING[comparison.status]}"


def _title(run: RunFolder) -> str:
    return f"{run.path}, {_origin(run.results)}"


def _origin(run: Results) -> str:
    commit = f", commit {run.ending.commit}" if run.ending and run.ending.commit else ""
    return f"{run.created.replace('T', ' ').replace('+00:00', ' UTC')}{commit}"


def _drawn(figures: Figures, width: int) -> str:
    from rich.text import Text

    shown = figures.filled
    drawn = new_table(shown.title, shown.columns[0], shown.columns[1:])
    for row in shown.rows:
        drawn.add_row(*(Text(printable(cell)) for cell in row))
    return render(drawn, width).rstrip()


def _verdict_lines(comparison: Comparison) -> Iterator[str]:
    for pair in comparison.pairs:
        if pair.verdict.status is not Status.PASS:
            yield f"{pair.verdict.status} {pair.verdict.line}"


def _changed_lines(pair: Pair, worst: int, width: int) -> Iterator[str]:
    shown = changed_utterances(pair, worst, width - 2)
    if not shown:
        return
    yield ""
    yield changed_title(pair)
    for one in shown:
        yield one.title
        yield from (f"  {line}" for line in one.lines)
    left = len(pair.changed) - len(shown)
    if left:
        yield f"and {left} more: raise --worst, or write a page with --report"


def markdown(comparison: Comparison, *, worst: int) -> str:
    """Return the comparison as Markdown, without local paths and secrets.

    Args:
        worst: how many changed utterances to show of each recognizer.
    """
    return shareable_text("\n\n".join(_parts(comparison, worst))) + "\n"


def _parts(comparison: Comparison, worst: int) -> Iterator[str]:
    first, second = shareable(comparison.first.results), shareable(comparison.second.results)
    runs = (("A", first), ("B", second))
    yield f"## wergate compare: {comparison.status}\n\n{_MEANING[comparison.status]}"
    yield verbatim([f"{side}: {_origin(run)}" for side, run in runs])
    figures = word_errors(comparison)
    yield f"### {figures.title}\n\n{table(figures.columns, figures.rows)}"
    lines = [*_verdict_lines(comparison), *remarks(comparison)]
    if lines:
        yield verbatim(lines)
    for pair in comparison.pairs:
        shown = changed_utterances(pair, worst)
        if shown:
            block = verbatim([line for one in shown for line in (one.title, *(f"  {part}" for part in one.lines))])
            yield collapsed(html.escape(changed_title(pair)), block)
    reason, tables = speed(first, second)
    yield "\n\n".join(["### Speed", verbatim([reason])] if reason else ["### Speed", *(_titled(one) for one in tables)])
    yield verbatim([f"{side}: {machine_line(run)}" for side, run in runs])


def _titled(figures: Figures) -> str:
    return f"{figures.title}\n\n{table(figures.columns, figures.rows)}"
