"""The step that runs the gates, and the step that turns their verdict into the outcome of the job."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from wergate.action.inputs import Inputs
from wergate.disk.files import append_to_file
from wergate.report.exit_code import PRECEDENCE, Cause, exit_code, meaning_of, status_of
from wergate.report.results import Results
from wergate.report.summary import append_bounded

_BASELINE = "baseline"  # an earlier build of the same model, so the ratio is not a speed-up
_CODE = "WERGATE_EXIT_CODE"


def run(inputs: Inputs) -> int:
    """Run the gates, write the outputs of the step and the step summary; the code of the gates is an output.

    Returns:
        0: the step `judge` fails the job, once report and comment are written.
    """
    inputs.folder.mkdir(parents=True, exist_ok=True)
    for path in (inputs.results, inputs.latency_results, inputs.summary):
        path.unlink(missing_ok=True)  # of an earlier use of the action in this job
    codes = [_called("check", inputs, _check_options(inputs))]
    if inputs.benchmarks:
        codes.append(_called("bench", inputs, ["--results", str(inputs.latency_results)]))
    _write_outputs(inputs, _combined(codes))
    step_summary = inputs.variables.get("GITHUB_STEP_SUMMARY")
    if step_summary and inputs.summary.is_file():
        append_bounded(Path(step_summary), inputs.summary.read_text(encoding="utf-8"))
    return 0


def judge(inputs: Inputs) -> int:
    """Return the exit code of the gates, or 0 if the input `fail-on` tolerates it."""
    code = int(inputs.variables.get(_CODE) or Cause.UNEXPLAINED)
    tolerated = inputs.fail_on == "never" or (inputs.fail_on == "failure" and code == Cause.INCONCLUSIVE)
    sys.stdout.write(f"::{'notice' if tolerated or not code else 'error'}::wergate: {meaning_of(code)} ({code})\n")
    return 0 if tolerated else code


def _check_options(inputs: Inputs) -> list[str]:
    page = ["--report", str(inputs.page)] if inputs.page else []
    audio = ["--report-audio", inputs.audio] if inputs.page and inputs.audio else []
    return ["--results", str(inputs.results), *page, *audio]


def _called(command: str, inputs: Inputs, more: list[str]) -> int:
    """Call the command on the model of the inputs, and return its exit code; the log shows its output."""
    model = [inputs.model] if inputs.model else []
    corpora = [f"--corpus={corpus}" for corpus in inputs.corpora]
    suite = [f"--suite={inputs.suite}"] if inputs.suite else []
    options = [*corpora, *suite, "--summary", str(inputs.summary), *more, *inputs.arguments]
    arguments = [sys.executable, "-m", "wergate.cli.main", command, *model, *options]
    sys.stdout.flush()
    return subprocess.run(arguments, check=False).returncode  # noqa: S603 - our own command


def _combined(codes: list[int]) -> int:
    """Return the most important code, in the order of a single run."""
    causes = {cause for cause in PRECEDENCE if cause in codes}
    return exit_code(next((code for code in codes if code not in {0, *PRECEDENCE}), 0), causes)


def _write_outputs(inputs: Inputs, code: int) -> None:
    outputs = "".join(f"{name}={value}\n" for name, value in _outputs(inputs, code))
    path = inputs.variables.get("GITHUB_OUTPUT")
    if path:
        append_to_file(Path(path), outputs, what="GITHUB_OUTPUT", apart=False)
    sys.stdout.write(outputs)


def _outputs(inputs: Inputs, code: int) -> Iterator[tuple[str, str]]:
    accuracy, latency = _read(inputs.results), _read(inputs.latency_results)
    undecided = any(found.verdict == "INCONCLUSIVE" for found in (accuracy, latency) if found)
    yield "verdict", str(status_of(code, undecided=undecided))
    yield "exit-code", str(code)
    drops = [row.wer_drop for row in accuracy.evaluations if row.variant != "fp16"] if accuracy else []
    yield "wer-drop", f"{max(drops):.5f}" if drops else ""
    ratios = [row.ratio for row in latency.ratios if row.slow != _BASELINE] if latency else []
    yield "speedup", f"{min(ratios):.2f}" if ratios else ""
    yield "results-path", str(inputs.results) if accuracy else ""
    yield "report-path", str(inputs.page) if inputs.page and inputs.page.is_file() else ""


def _read(path: Path) -> Results | None:
    return Results.model_validate_json(path.read_bytes()) if path.is_file() else None
