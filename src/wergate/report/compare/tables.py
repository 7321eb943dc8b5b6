"""The figures of a comparison as tables of text, for the terminal, for Markdown and for the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wergate.formatting import percent, signed_percent
from wergate.report.compare.pairs import Comparison, Pair, SharedUtterance
from wergate.report.compare.speed import SpeedUp, latencies, not_comparable, speed_ups
from wergate.report.results import Results
from wergate.report.tables import Figures
from wergate.report.terminal.utterances import aligned_lines

_WIDTH = 100


def word_errors(comparison: Comparison) -> Figures:
    """Return the word errors of both runs, and the rise with its interval."""
    columns = ("model", "corpus", "recognizer", "A WER %", "B WER %", "rise (95 % interval)", "changed", "verdict")
    return Figures("Word errors, in points", columns, tuple(_word_row(pair) for pair in comparison.pairs))


def _word_row(pair: Pair) -> tuple[str, ...]:
    before, now = pair.wers
    return (
        pair.cell.model,
        pair.cell.corpus,
        pair.cell.label,
        percent(before),
        percent(now),
        rise_text(pair),
        f"{len(pair.changed)}/{len(pair.utterances)}",
        str(pair.verdict.status),
    )


def rise_text(pair: Pair) -> str:
    """Return the rise in points with its interval, as "+0.07 (-0.49 to +0.64)"."""
    low, high = (signed_percent(bound) for bound in (pair.drop.interval.low, pair.drop.interval.high))
    return f"{signed_percent(pair.drop.value)} ({low} to {high})"


def remarks(comparison: Comparison) -> Iterator[str]:
    """Yield what the figures do not show: utterances and recognizers that only one run has."""
    counts = dict.fromkeys((pair.cell.model, pair.cell.corpus, *pair.left_out) for pair in comparison.pairs)
    for model, corpus, *left_out in counts:
        for side, count in zip(("A", "B"), left_out, strict=True):
            if count:
                yield f"{model} on {corpus}: {count} utterance{'s' * (count > 1)} of {side} alone left out"
    compared = [
        {(*key, pair.cell.variant) for pair in comparison.pairs for key in [_key(pair, side)]} for side in (0, 1)
    ]
    for side, run, found in zip(("A", "B"), (comparison.first, comparison.second), compared, strict=True):
        held = [(row.model, row.corpus, row.variant) for row in run.results.evaluations]
        for model, corpus, variant in (key for key in held if key not in found):
            yield f"{model} {variant} on {corpus}: not compared, because only {side} has it"


def _key(pair: Pair, side: int) -> tuple[str, str]:
    return pair.cell.models[side], pair.cell.corpus


@dataclass(frozen=True)
class Changed:
    """An utterance whose transcripts differ: a title, and both texts word under word."""

    title: str
    lines: list[str]


def changed_utterances(pair: Pair, count: int, width: int = _WIDTH) -> list[Changed]:
    """Return the changed utterances of a recognizer, those with most errors added first, at most `count`."""
    return [_changed(one, width) for one in pair.changed[:count]]


def _changed(one: SharedUtterance, width: int) -> Changed:
    words = [(part.text if part.words is None else part.words).split() for part in (one.row, one.first, one.second)]
    lines = aligned_lines((words[0], words[1], words[2]), ("reference", "A", "B"), width)
    title = f"{one.row.id}: word errors {one.added:+d} (A {one.first.errors}, B {one.second.errors})"
    same = [] if lines else ["the normalized texts are equal"]
    return Changed(title, [*lines, *same])


def changed_title(pair: Pair) -> str:
    """Return the heading over the changed utterances of a recognizer."""
    worse = sum(one.added > 0 for one in pair.changed)
    better = sum(one.added < 0 for one in pair.changed)
    where = f"{pair.cell.model} {pair.cell.label} on {pair.cell.corpus}"
    return f"{where}: {len(pair.changed)} changed, {worse} worse, {better} better"


def speed(first: Results, second: Results) -> tuple[str, list[Figures]]:
    """Return why speed is not compared, or an empty text and the tables of both runs' speed."""
    reason = not_comparable(first, second)
    if reason:
        return reason, []
    ratios, times = list(speed_ups(first, second)), list(latencies(first, second))
    tables = []
    if ratios:
        columns = ("model", "speed-up", "A", "B", "B over A (interval)", "noise")
        tables.append(Figures("Speed-ups", columns, tuple(_ratio_row(row) for row in ratios)))
    if times:
        rows = tuple((r.model, r.name, *(f"{ms:.2f}" for ms in r.medians_ms), f"{r.change:.3f}") for r in times)
        tables.append(Figures("Latency, median in ms", ("model", "recognizer", "A", "B", "B over A"), rows))
    return ("" if tables else "Speed is not compared: the runs timed different things."), tables


def _ratio_row(row: SpeedUp) -> tuple[str, ...]:
    return row.model, row.name, *(f"{ratio:.2f}" for ratio in row.ratios), change_text(row), "; ".join(row.noise)


def change_text(row: SpeedUp) -> str:
    """Return a change with its interval, as "0.98 (0.93 to 1.03)"."""
    bounds = "no interval" if row.low is None or row.high is None else f"{row.low:.3f} to {row.high:.3f}"
    return f"{row.change:.3f} ({bounds})"


def both_runs(first: Results, second: Results) -> Figures:
    """Return what each run was, in one column each."""
    sides = [_facts(run) for run in (first, second)]
    rows = [(name, sides[0].get(name, ""), sides[1].get(name, "")) for name in dict.fromkeys([*sides[0], *sides[1]])]
    return Figures("Both runs", ("what", "A", "B"), tuple(rows))


def _facts(run: Results) -> dict[str, str]:
    ending = run.ending
    return {
        "date": run.created.replace("T", " ").replace("+00:00", " UTC"),
        "verdict": str(run.verdict),
        "commit": (ending.commit or "") if ending else "",
        "command": " ".join(ending.command) if ending else "",
        "CPU": f"{run.cpu.model}, {run.cpu.size}",
        "instruction set": run.cpu.isa,
        "device": str(run.options.get("device", "")),
        "inference precision": str(run.options.get("inference_precision", "")),
        "wergate": run.wergate,
        **run.versions,
        **run.environment,
    }
