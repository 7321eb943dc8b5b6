"""The page about a run: one HTML file that needs no network, made of the run folder alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from wergate.disk.files import replace_file
from wergate.report.page import browser, gates, head, machine, speed, studies, words
from wergate.report.page.document import document
from wergate.report.redact import is_local_path, redacted, shareable
from wergate.report.run_folder.audio import WARNING_MB
from wergate.report.run_folder.folder import RunFolder, read_run
from wergate.verdict import Status

_MB = 1e6


@dataclass(frozen=True)
class Page:
    """A page and a remark for the person who asked for it.

    Attributes:
        text: the HTML.
        warning: why the page is unwieldy; empty if it is not.
    """

    text: str
    warning: str = ""


def render(folder: Path, out: Path) -> Page:
    """Write the page about a run.

    Args:
        folder: a run folder, or a folder with a results file alone.
        out: the HTML file.

    Raises:
        SuiteError: the folder holds no run, or the file cannot be written.
    """
    made = page(read_run(folder))
    replace_file(out, made.text, what="report")
    return made


def page(run: RunFolder) -> Page:
    """Return the page about a run; the same run gives the same page."""
    found, numbers = browser.recordings(run)
    text = document("page.html", _context(run, numbers) | {"recordings": found})
    size_mb = len(text.encode()) / _MB
    warning = f"the page has {size_mb:.0f} MB: lower report_audio_mb" if size_mb > WARNING_MB else ""
    return Page(text, warning)


def _context(run: RunFolder, numbers: dict[str, int]) -> dict[str, Any]:
    results = shareable(run.results)
    rows = run.utterances
    shown = browser.shown_ids(rows, {row.id: PurePosixPath(row.id).name for row in rows if is_local_path(row.id)})
    variants = head.variants_of(results, rows)
    failing = gates.open_gates(results, variants)
    ending = results.ending
    return {
        "head": head.head(results, rows),
        "states": list(gates.variant_states(results, variants)),
        "first": head.first_to_hear(rows, shown),
        "engines": {row.model: row.engine for row in results.models},
        "shown": shown,
        "mistakes": ending.mistakes if ending else [],
        "unexplained": ending.unexplained if ending else [],
        "notes": ending.notes if ending else [],
        "latency": ending.latency if ending else "",
        "failing": failing,
        "passed": [row for row in results.verdicts if row.status is Status.PASS],
        "word_tables": list(words.word_tables(results)),
        "drops": words.drops(results),
        "data": browser.browser_data(run, shown, numbers, failing) if rows else "",
        "ratios": speed.ratios(results),
        "distributions": list(speed.distributions(results, run.rounds)),
        "blocks": list(speed.block_ratios(results, run.rounds)),
        "planes": list(speed.planes(results)),
        "executed": list(studies.executed(results)),
        "studies": list(studies.study_tables(results)),
        "machine": [table.filled for table in machine.machine_tables(results)],
        "settings": redacted(machine.settings(results)),
        "command": head.command_line(results),
    }
