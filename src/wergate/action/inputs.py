"""Inputs of the action, as its steps receive them: in variables."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from wergate.errors import SuiteError, did_you_mean

Comment = Literal["never", "changed", "always"]
FailOn = Literal["undecided", "failure", "never"]
_PREFIX = "WERGATE_INPUT_"
_FALSE, _TRUE = "false", "true"


@dataclass(frozen=True)
class Inputs:
    """Inputs of the action, and the variables of a step.

    Attributes:
        model: the model; empty for those of the suite file.
        corpora: one corpus a line.
        suite: a suite file; empty for the built-in one.
        arguments: further options of `wergate check`.
        benchmarks: whether the model is timed as well.
        report: name of the page to write; empty for none.
        audio: recordings that the page holds, as for `--report-audio`; empty for its default.
        comment: when the comment on a pull request is written.
        fail_on: verdicts that fail the job.
        folder: folder for the files of the run.
        variables: variables of the step.
    """

    model: str
    corpora: tuple[str, ...]
    suite: str
    arguments: tuple[str, ...]
    benchmarks: bool
    report: str
    audio: str
    comment: Comment
    fail_on: FailOn
    folder: Path
    variables: Mapping[str, str]

    @property
    def results(self) -> Path:
        """File of the accuracy results."""
        return self.folder / "accuracy.json"

    @property
    def latency_results(self) -> Path:
        """File of the results of benchmarks."""
        return self.folder / "latency.json"

    @property
    def summary(self) -> Path:
        """File of the summary."""
        return self.folder / "summary.md"

    @property
    def page(self) -> Path | None:
        """File of the page."""
        return self.folder / Path(self.report).name if self.report else None


def read_inputs(variables: Mapping[str, str]) -> Inputs:
    """Read the inputs from the variables of a step.

    Raises:
        SuiteError: a value is not accepted.
    """
    named = {name: text.strip() for name, text in variables.items() if name.startswith(_PREFIX)}
    given = {name.removeprefix(_PREFIX).lower(): text for name, text in named.items()}
    return Inputs(
        model=given.get("model", ""),
        corpora=tuple(line.strip() for line in given.get("corpus", "").splitlines() if line.strip()),
        suite=given.get("suite", ""),
        arguments=tuple(shlex.split(given.get("args", ""))),
        benchmarks=_one_of("benchmarks", given.get("benchmarks") or _FALSE, (_TRUE, _FALSE)) == _TRUE,
        report=given.get("report", ""),
        audio=given.get("audio", ""),
        comment=cast("Comment", _one_of("comment", given.get("comment") or "never", get_args(Comment))),
        fail_on=cast("FailOn", _one_of("fail-on", given.get("fail_on") or "undecided", get_args(FailOn))),
        folder=Path(variables.get("RUNNER_TEMP", ".")) / "wergate",
        variables=variables,
    )


def _one_of(name: str, value: str, accepted: tuple[str, ...]) -> str:
    if value not in accepted:
        hint = did_you_mean(value, accepted)
        raise SuiteError(f"input {name} is '{value}'{hint}; accepted: {', '.join(accepted)}; correct the workflow")
    return value
