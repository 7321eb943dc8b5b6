"""The page about a run: one HTML file that needs no network, made of the run folder alone."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2
import markupsafe

from wergate.disk.files import replace_file
from wergate.errors import SuiteError
from wergate.report.page import browser, gates, head, machine, speed, studies, words
from wergate.report.redact import is_local_path, local_paths, redacted, without_local_paths
from wergate.report.results import Results
from wergate.report.run_folder.audio import WARNING_MB
from wergate.report.run_folder.folder import RunFolder, read_run
from wergate.verdict import Status

_TEMPLATES = Path(__file__).with_name("templates")
_VENDOR = Path(__file__).parents[1] / "vendor"
LIBRARY = _VENDOR / "htm-preact-standalone.umd.js"
_PATH = re.compile(
    r"(?<![\w/.])~?/(?:home|root|tmp|var|mnt|media|data|opt|srv|work|builds|Users|private)/[^\s'\",;:()]*"
)
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
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    style, script = _file("style.css"), _script()
    found, numbers = browser.recordings(run)
    context = _context(run, numbers) | {
        "style": _raw(style),
        "script": _raw(script),
        "policy": _policy(style, script),
        "recordings": found,
        "licence": _raw(_licences()),
    }
    text = environment.get_template("page.html").render(context)
    size_mb = len(text.encode()) / _MB
    warning = f"the page has {size_mb:.0f} MB: lower report_audio_mb" if size_mb > WARNING_MB else ""
    return Page(text, warning)


def _context(run: RunFolder, numbers: dict[str, int]) -> dict[str, Any]:
    results = _cleaned(run.results)
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


def _cleaned(run: Results) -> Results:
    """Return results without local paths and secrets."""
    arguments = [part for one in (run.ending.command if run.ending else []) for part in (one, one.partition("=")[2])]
    shorter = without_local_paths(run, also=local_paths(arguments))
    return Results.model_validate(_each_text(shorter.model_dump(mode="json")))


def _each_text(value: Any) -> Any:
    """Return nested values whose texts have neither secrets nor paths of this machine."""
    if isinstance(value, dict):
        return {key: _each_text(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_each_text(part) for part in value]
    return _PATH.sub(_last, redacted(value)) if isinstance(value, str) else value


def _last(found: re.Match[str]) -> str:
    return PurePosixPath(found.group()).name


def _script() -> str:
    """Return the library and our own code as one script."""
    try:
        library = LIBRARY.read_text(encoding="utf-8")
    except OSError as error:
        raise SuiteError(f"the library of the page cannot be read: {error.strerror}; install wergate again") from error
    return f"{library}\n{_file('app.js')}"


def _licences() -> str:
    """Return the licences of the library; a comment of HTML may not contain two hyphens in a row."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(_VENDOR.glob("LICENSE-*.txt"))]
    return "\n".join(texts).replace("--", "- -").replace("--", "- -")


def _file(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _raw(text: str) -> Any:
    """Return our own text, which is put into the page as it is."""
    return markupsafe.Markup(text)  # noqa: S704 - files of this package


def _policy(style: str, script: str) -> str:
    """Return the content security policy: nothing from elsewhere, no script and no style but these two."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "media-src blob: data:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
