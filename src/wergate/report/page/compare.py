"""The page about two runs: their word errors, the utterances that changed, and their speed, in columns A and B."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from wergate.config.variants import subject_of
from wergate.disk.files import replace_file
from wergate.report.compare.pairs import Comparison, Pair, SharedUtterance
from wergate.report.compare.speed import speed_ups
from wergate.report.compare.tables import both_runs, change_text, changed_title, remarks, rise_text, speed, word_errors
from wergate.report.page import browser
from wergate.report.page.charts import Bar, Forest
from wergate.report.page.document import document
from wergate.report.page.gates import STATES
from wergate.report.redact import is_local_path, shareable, shareable_text
from wergate.report.results import Results
from wergate.report.tables import Figures

_SIDES = ("A", "B")


def render(comparison: Comparison, out: Path) -> None:
    """Write the page about two runs.

    Args:
        out: the HTML file.

    Raises:
        SuiteError: the file cannot be written, or a recording cannot be read.
    """
    replace_file(out, page(comparison), what="report")


def page(comparison: Comparison) -> str:
    """Return the page about two runs; the same runs give the same page."""
    found, numbers = _recordings(comparison)
    first, second = shareable(comparison.first.results), shareable(comparison.second.results)
    reason, tables = speed(first, second)
    context = {
        "status": str(comparison.status),
        "state": STATES[comparison.status],
        "words": _clean(word_errors(comparison)),
        "drops": _drops(comparison),
        "verdicts": [(STATES[pair.verdict.status], shareable_text(pair.verdict.line)) for pair in comparison.pairs],
        "remarks": [shareable_text(line) for line in remarks(comparison)],
        "changed": [shareable_text(changed_title(pair)) for pair in comparison.pairs],
        "data": browser.packed(_data(comparison, numbers)),
        "not_comparable": reason,
        "speed": [_clean(one) for one in tables],
        "changes": None if reason else _changes(first, second),
        "runs": both_runs(first, second).filled,
        "recordings": found,
    }
    return document("compare.html", context)


def _clean(figures: Figures) -> Figures:
    """Return a table without local paths, secrets and empty columns."""
    rows = tuple(tuple(shareable_text(cell) for cell in row) for row in figures.rows)
    return Figures(figures.title, figures.columns, rows).filled


def _drops(comparison: Comparison) -> Forest:
    """Return the rises of all recognizers, in points; the limit of each is its tolerance."""
    bars = [
        Bar(
            shareable_text(f"{pair.cell.label}, {pair.cell.corpus} ({pair.cell.model})"),
            f"{rise_text(pair)} points",
            _points(pair.drop.value),
            _points(pair.drop.interval.low),
            _points(pair.drop.interval.high),
            100 * pair.tolerance,
            state=STATES[pair.verdict.status],
        )
        for pair in comparison.pairs
    ]
    title = "Rise of the word error rate from A to B, in points, with its interval and its tolerance"
    return Forest(title, "points", bars, line=0.0, line_text="no change")


def _points(fraction: float) -> float | None:
    return 100 * fraction if math.isfinite(fraction) else None


def _changes(first: Results, second: Results) -> Forest | None:
    """Return the changes of the speed-ups; 1 means that both runs are equally fast."""
    bars = [
        Bar(
            shareable_text(f"{row.name} ({row.model})"),
            change_text(row),
            row.change,
            row.low,
            row.high,
            note="; ".join(row.noise),
        )
        for row in speed_ups(first, second)
    ]
    title = "Speed-up of B over that of A, with its interval"
    return Forest(title, "times", bars, line=1.0, line_text="no change") if bars else None


def _data(comparison: Comparison, numbers: Mapping[str, int]) -> dict[str, Any]:
    """Return the utterances for the browser: each variant of a row has what A and what B wrote."""
    groups = _by_utterance(comparison.pairs)
    rows = [next(iter(found.values())).row for found in groups]
    shown = browser.shown_ids(rows, {row.id: PurePosixPath(row.id).name for row in rows if is_local_path(row.id)})
    cells = list(dict.fromkeys((row.model, row.corpus) for row in rows))
    variants = list(dict.fromkeys(pair.cell.variant for pair in comparison.pairs))
    return {
        "sides": list(_SIDES),
        "cells": [{"model": shareable_text(model), "corpus": shareable_text(corpus)} for model, corpus in cells],
        "variants": [{"name": name, "subject": subject_of(name)} for name in variants],
        "gates": [],
        "rows": [
            _row(found, shown[row.key], cells.index((row.model, row.corpus)), numbers)
            for row, found in zip(rows, groups, strict=True)
        ],
    }


def _by_utterance(pairs: Sequence[Pair]) -> list[dict[str, SharedUtterance]]:
    """Return the recognizers of each utterance, by variant."""
    found: dict[tuple[str, str, str], dict[str, SharedUtterance]] = {}
    for pair in pairs:
        for one in pair.utterances:
            found.setdefault(one.row.key, {})[pair.cell.variant] = one
    return list(found.values())


def _row(found: Mapping[str, SharedUtterance], shown: str, cell: int, numbers: Mapping[str, int]) -> dict[str, Any]:
    some = next(iter(found.values()))
    row, heard = some.row, next((one for one in reversed(some.rows) if one.audio in numbers), some.row)
    known: dict[str, Any] = {
        "i": shown,
        "c": cell,
        "d": row.duration_s,
        "t": row.text,
        "v": {name: _variant(one) for name, one in found.items()},
    }
    optional = {
        "s": row.speaker,
        "w": row.words,
        "p": heard.peaks,
        "y": heard.no_audio,
        "a": numbers.get(heard.audio or ""),
    }
    return known | {key: value for key, value in optional.items() if value is not None}


def _variant(one: SharedUtterance) -> dict[str, Any]:
    second = {"h": browser.packed_transcript(one.second)} if one.changed else {}
    return {"r": browser.packed_transcript(one.first), **second}


def _recordings(comparison: Comparison) -> tuple[list[browser.Recording], dict[str, int]]:
    """Return the recordings of B, or of A if B keeps none, and the number of each by its file name."""
    shared = {one.row.id for pair in comparison.pairs for one in pair.utterances}
    for run in (comparison.second, comparison.first):
        rows = [row for row in run.utterances if row.id in shared]
        if any(row.audio for row in rows):
            return browser.recordings(replace(run, utterances=rows))
    return [], {}
