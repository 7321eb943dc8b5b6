"""The page of figures: `python -m wergate.report.figures --results FILE.json ...` writes it from results files.

Each machine has a file in `docs/results/`. A run replaces the parts of its machine that it measured, and the page
is then written from all of these files. Noisy timings are left out.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from wergate.disk.files import replace_content
from wergate.disk.folders import make_folder
from wergate.environment.machine import size_of
from wergate.errors import SuiteError
from wergate.formatting import decibels, interval, percent, signed_percent, table, word_errors
from wergate.report.redact import without_local_paths
from wergate.report.results import Results, read_results
from wergate.report.rows.evaluation import by_cell
from wergate.report.tables import Figures, study_figures, work_figures
from wergate.studies.registry import STUDIES
from wergate.timing.rows import BenchmarkRow

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"
_MEASURED = ("src", "fixtures", "accuracy", "benchmarks", "suite.toml")  # what figures depend on
_PACKAGES = ("openvino", "nncf", "torch")


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Record):
    """Tables of one kind, from one run."""

    title: str
    date: str
    commit: str
    versions: dict[str, str]
    tables: tuple[Figures, ...]


class Machine(_Record):
    """Everything that was measured on one machine; its parts are known by their titles."""

    cpu: str
    isa: str
    cores: int
    quota: float | None = None
    parts: tuple[Part, ...]

    @property
    def name(self) -> str:
        """The heading of the machine."""
        return f"{self.cpu}, {size_of(self.cores, self.quota)}, {self.isa}"

    @property
    def file_name(self) -> str:
        """Path of the machine's file."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") + ".json"

    def with_parts_of(self, newer: Machine) -> Machine:
        """Return the machine with the parts of a newer run in place of its own of the same titles."""
        order = [*_PARTS, *(_study_title(study.name) for study in STUDIES)]
        parts = {part.title: part for part in (*self.parts, *newer.parts)}
        return self.model_copy(update={"parts": tuple(parts[title] for title in order if title in parts)})


def _words(run: Results) -> Iterator[Figures]:
    columns = ("variant", "WER %", "S/D/I", "drop (interval)", "same text", "SQNR dB", "argmax %")
    for rows in by_cell(run.evaluations):
        first = rows[0]
        lines = [(first.engine, *word_errors(first.reference), "", "", "", "")]
        for row in rows:
            bounds = interval(row.paired.interval, "+.2f", 100)
            drop = f"{signed_percent(row.wer_drop)} ({bounds})"
            same = row.same_text
            logits = decibels(row.logits.sqnr_db), percent(row.logits.argmax_agreement)
            lines.append((row.label, *word_errors(row.candidate), drop, same, *logits))
        title = (
            f"`{first.model}` on `{first.corpus}`: {first.utterances} utterances, "
            f"{first.reference.words:,} words, {first.audio_s:,.0f} s"
        )
        yield Figures(title=title, columns=columns, rows=tuple(lines))


def _speedups(run: Results) -> Iterator[Figures]:
    columns = ("compared", "speech", "ms", "other, ms", "speed-up (interval)")
    quiet = [row for row in run.ratios if not row.noise]
    for model in dict.fromkeys(row.model for row in quiet):
        rows = [
            (
                f"{row.fast} over {row.slow}",
                f"{row.duration_s:g} s",
                f"{row.fast_ms:.2f}",
                f"{row.slow_ms:.2f}",
                f"{row.ratio:.2f} ({interval(row.interval)})",
            )
            for row in quiet
            if row.model == model
        ]
        yield Figures(title=f"`{model}`", columns=columns, rows=tuple(rows))


def _quiet(run: Results) -> list[BenchmarkRow]:
    """Return the measurements that are worth quoting: no noise was found in them."""
    return [row for row in run.benchmarks if not row.noise]


def _latencies(run: Results) -> Iterator[Figures]:
    columns = ("timed", "median ms", "p90 ms", "audio s per s")
    timed = [row for row in _quiet(run) if row.group != "build"]
    for model in dict.fromkeys(row.model or "" for row in timed):
        rows = [
            (
                row.name,
                f"{row.median_ms:.2f}",
                "" if row.p90_ms is None else f"{row.p90_ms:.2f}",
                "" if row.rtfx is None else f"{row.rtfx:.0f}",
            )
            for row in timed
            if (row.model or "") == model
        ]
        yield Figures(title=f"`{model}`" if model else "the suite itself", columns=columns, rows=tuple(rows))


def _builds(run: Results) -> Iterator[Figures]:
    columns = ("model", "built", "s", "converting, s", "quantizing, s", "peak memory, MB")
    rows = [
        (
            row.model or "",
            row.name,
            f"{row.median_ms / 1000:.1f}",
            *("" if value is None else f"{value:.1f}" for value in (row.convert_s, row.quantize_s)),
            "" if row.peak_rss_mb is None else f"{row.peak_rss_mb:.0f}",
        )
        for row in _quiet(run)
        if row.group == "build"
    ]
    if rows:
        yield Figures(title="", columns=columns, rows=tuple(rows))


_PARTS: Mapping[str, Callable[[Results], Iterator[Figures]]] = {
    "Word errors and logits": _words,
    "Speed-ups, the two sides interleaved": _speedups,
    "Latency and throughput": _latencies,
    "Builds, each in a process of its own": _builds,
    "Work on five seconds of speech": work_figures,
}


def _study_title(name: str) -> str:
    return f"Study {name}"


def _study_tables(run: Results) -> Iterator[tuple[str, list[Figures]]]:
    """Yield the tables that the terminal prints for each study."""
    for study in STUDIES:
        yield _study_title(study.name), study_figures(study, run)


def machine_of(run: Results, commit: str) -> Machine:
    """Return what a run measured, with the machine that it ran on."""
    run = without_local_paths(run)
    found = [(title, list(make(run))) for title, make in _PARTS.items()]
    parts = [
        Part(
            title=title,
            date=run.created.partition("T")[0],
            commit=commit,
            versions={name: run.versions[name] for name in _PACKAGES if name in run.versions},
            tables=tuple(tables),
        )
        for title, tables in [*found, *_study_tables(run)]
        if tables
    ]
    cpu = run.cpu
    return Machine(cpu=cpu.model, isa=cpu.isa, cores=cpu.cores, quota=cpu.quota, parts=tuple(parts))


def read_machines(folder: Path) -> list[Machine]:
    """Read the stored machines, in the order of their names."""
    found = [Machine.model_validate_json(path.read_bytes()) for path in folder.glob("*.json")]
    return sorted(found, key=lambda machine: machine.name)


def store(machine: Machine, folder: Path) -> None:
    """Write a machine's file; parts that a run did not measure stay."""
    path = folder / machine.file_name
    older = Machine.model_validate_json(path.read_bytes()) if path.exists() else machine
    make_folder(folder)
    text = json.dumps(older.with_parts_of(machine).model_dump(mode="json"), indent=1, ensure_ascii=False)
    replace_content(path, text + "\n")


def page(machines: Iterable[Machine]) -> str:
    """Return the tables of all machines in Markdown."""
    return "\n\n".join(block for machine in machines for block in _machine_blocks(machine)) + "\n"


def _machine_blocks(machine: Machine) -> Iterator[str]:
    yield f"## {machine.name}"
    for part in machine.parts:
        versions = ", ".join(f"{name} {version}" for name, version in part.versions.items())
        yield f"### {part.title}"
        yield f"{part.date}, commit `{part.commit}`, {versions}."
        for figures in part.tables:
            if figures.title:
                yield figures.title
            yield table(figures.columns, figures.rows)


def put_between_marks(text: str, content: str) -> str:
    """Return a page's text with new content between its two marks.

    Raises:
        SuiteError: the page has no marks.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise SuiteError(f"the page of figures needs the lines '{BEGIN.strip()}' and '{END.strip()}'; restore them")
    return f"{head}{begin}\n{content}\n{end}{tail}"


def head_commit() -> str:
    """Return the abbreviated hash of the commit that is checked out.

    Raises:
        SuiteError: there is no repository, or the code was changed since that commit.
    """
    if _git("status", "--porcelain", "--", *_MEASURED):
        raise SuiteError("the code has uncommitted changes; commit them first, or name the run's commit with --commit")
    return _git("rev-parse", "--short=10", "HEAD")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise SuiteError("git knows no commit here; name the run's commit with --commit")
    return done.stdout.strip()


def main(arguments: Sequence[str] | None = None) -> None:
    """Store what results files hold, then write the page from all stored machines."""
    parser = argparse.ArgumentParser(prog="python -m wergate.report.figures", description="write docs/results.md")
    parser.add_argument("--results", type=Path, nargs="+", default=[], metavar="FILE.json", help="files of --results")
    parser.add_argument("--commit", help="commit of these runs (default: the one that is checked out)")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of results.md and results/ (default: docs)")
    asked = parser.parse_args(arguments)
    try:
        if asked.results:
            commit = asked.commit or head_commit()
            for path in asked.results:
                store(machine_of(read_results(path), commit), asked.docs / "results")
        target = asked.docs / "results.md"
        written = put_between_marks(target.read_text(encoding="utf-8"), page(read_machines(asked.docs / "results")))
        replace_content(target, written)
    except SuiteError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
