"""A run's summary for people who read it beside a pull request, in markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wergate.exit_code import MEANING, status_of
from wergate.formatting import collapsed, verbatim
from wergate.published import without_local_paths
from wergate.redact import redacted
from wergate.results import Results, VerdictRow
from wergate.summary_tables import ratio_table, timing_table, verdict_table, word_error_table
from wergate.verdict import Status


@dataclass(frozen=True)
class Ending:
    """How a run ended, beside its results.

    Attributes:
        code: the exit code.
        mistakes: what people have to mend before anything can be said.
        unexplained: ids of tests that failed without a gate's verdict.
        notes: what people should know of the measurements.
    """

    code: int
    mistakes: Sequence[str] = ()
    unexplained: Sequence[str] = ()
    notes: Sequence[str] = ()


def summary(run: Results, ending: Ending) -> str:
    """Return the summary: the verdict, what did not pass, the figures, the machine, then what passed."""
    shown = without_local_paths(run)
    return (
        redacted("\n\n".join([*_top(ending), *_gates(shown.verdicts), *_figures(shown, ending), *_end(shown)])) + "\n"
    )


def broken_summary(mistake: str, code: int) -> str:
    """Return the summary of a run that a mistake ended before it had anything to tell."""
    return redacted("\n\n".join(_top(Ending(code, [mistake])))) + "\n"


def _top(ending: Ending) -> Iterator[str]:
    meaning = MEANING.get(ending.code, "ended otherwise")
    yield f"## wergate: {status_of(ending.code)}\n\n{meaning} (exit code {ending.code})"
    if ending.mistakes:
        yield verbatim(ending.mistakes)
    if ending.unexplained:
        yield f"Failed without a gate's verdict, see the log:\n\n{verbatim(ending.unexplained)}"


def _gates(verdicts: Sequence[VerdictRow]) -> Iterator[str]:
    open_ones = [row for row in verdicts if row.status is not Status.PASS]
    if open_ones:
        lines = list(dict.fromkeys(row.line for row in open_ones))
        yield f"### {len(open_ones)} of {len(verdicts)} gates did not pass\n\n{verdict_table(open_ones)}"
        yield verbatim(lines)


def _figures(run: Results, ending: Ending) -> Iterator[str]:
    if run.evaluations:
        yield f"### Word error rate\n\n{word_error_table(run.evaluations)}"
    latency = [part for part in (ratio_table(run.ratios), timing_table(run.benchmarks)) if part]
    if latency:
        yield "\n\n".join(["### Latency", *latency])
    if ending.notes:
        yield verbatim(ending.notes)


def _end(run: Results) -> Iterator[str]:
    yield machine_line(run)
    passed = [row for row in run.verdicts if row.status is Status.PASS]
    if passed:
        yield collapsed(f"{len(passed)} gates passed", verdict_table(passed))


def machine_line(run: Results) -> str:
    """Return what the figures depend on; nothing that names the machine."""
    packages = ", ".join(
        f"{name} {run.versions[name]}" for name in ("openvino", "nncf", "torch") if name in run.versions
    )
    setting = f"{run.options.get('device')}, {run.options.get('inference_precision')}"
    return f"{run.cpu.model}, {run.cpu.cores} cores, {run.cpu.isa}; {setting}; wergate {run.wergate}, {packages}"
