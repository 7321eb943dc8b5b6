"""`action.yml` is valid, and each of its shell lines runs on a tiny model, with the outputs that it promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.forked import environment
from tests.support.suite_run import ROOT, Warm

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{ ([\w.-]+) \}\}")
PYTHON = """#!/bin/sh
case "$1 $2" in
    "-m pip") echo "$@" >> "$PIP_CALLS"; exit 0 ;;
esac
exec {python} "$@"
"""


def refusals(path: Path) -> int:
    """Return 0 if a file is an action by the published schema."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode


@dataclass
class Job:
    """A job that uses the action: runs its shell steps as GitHub's runner does.

    Attributes:
        folder: the working folder.
        values: values of expressions, such as "inputs.model".
        variables: variables of the job.
    """

    folder: Path
    values: dict[str, str]
    variables: dict[str, str]

    def step(self, name: str) -> tuple[int, str]:
        """Run the step with this name; its outputs are values from then on."""
        (step,) = [step for step in STEPS if step.get("name") == name]
        output = self.folder / "output"
        output.write_text("")
        given = {key: self._resolved(value) for key, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # noqa: S607 - as a runner calls it
            cwd=self.folder,
            env=self.variables | given | {"GITHUB_OUTPUT": str(output)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        for line in output.read_text().splitlines():
            key, _, value = line.partition("=")
            self.values[f"steps.{step['id']}.outputs.{key}"] = value
        return done.returncode, done.stdout

    def _resolved(self, value: str) -> str:
        return EXPRESSION.sub(lambda found: self.values[found[1]], value)

    def output(self, name: str) -> str:
        """Return an output of the action."""
        return self._resolved(ACTION["outputs"][name]["value"])


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job with the defaults of all inputs, and a `python` that installs nothing."""
    programs, folder = tmp_path / "bin", tmp_path / "work"
    programs.mkdir()
    folder.mkdir()
    (programs / "python").write_text(PYTHON.format(python=sys.executable))
    (programs / "python").chmod(0o755)
    values = {f"inputs.{name}": str(given.get("default", "")) for name, given in ACTION["inputs"].items()}
    values |= {"github.action_path": "/action", "runner.temp": str(tmp_path / "temp"), "github.job": "gates"}
    values["inputs.token"] = ""
    variables = environment() | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "PIP_CALLS": str(tmp_path / "pip"),
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "step.md"),
        "GITHUB_REPOSITORY": "team/asr",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
    }
    (tmp_path / "event.json").write_text("{}")
    return Job(folder, values, variables)


def test_it_is_an_action(tmp_path: Path) -> None:
    """By the published schema, which refuses a misspelled key."""
    misspelled = tmp_path / "action.yml"
    misspelled.write_text((ROOT / "action.yml").read_text().replace("runs:", "run:"))
    assert [0, 1] == [refusals(ROOT / "action.yml"), refusals(misspelled)]


def test_every_expression_is_known(job: Job) -> None:
    """Each input is used, and nothing else is."""
    text = yaml.safe_dump(STEPS)
    used = set(re.findall(r"(inputs\.[\w-]+)", text))
    assert {name for name in job.values if name.startswith("inputs.")} == used
    promised = {re.findall(r"outputs\.([\w-]+)", given["value"])[0] for given in ACTION["outputs"].values()}
    assert {"verdict", "exit-code", "wer-drop", "speedup", "report-path", "results-path"} == promised


def test_no_input_is_code() -> None:
    """A shell line has no expression: an input reaches it as a variable."""
    assert [] == [step["run"] for step in STEPS if "run" in step and "${{" in step["run"]]
    assert all(step["shell"] == "bash" for step in STEPS if "run" in step)


@pytest.mark.parametrize(
    ("package", "extras", "installed"),
    [
        ("", "pytorch,quantize", "/action[pytorch,quantize]"),
        ("", "", "/action"),
        ("wergate==0.1.0", "quantize", "wergate==0.1.0[quantize]"),
    ],
)
def test_the_package_is_installed(job: Job, tmp_path: Path, package: str, extras: str, installed: str) -> None:
    """This version of the action, or the requirement that is named, with its extras."""
    job.values |= {"inputs.package": package, "inputs.extras": extras}
    assert 0 == job.step("Install")[0]
    assert f"-m pip install --quiet {installed}\n" == (tmp_path / "pip").read_text()


def test_a_run_passes(job: Job, own_warm: Warm, tmp_path: Path) -> None:
    """The outputs are those of the run, the step summary has its verdict, and no comment is an error."""
    (tmp_path / "step.md").write_text("another step\n")
    few = "-- -k 'test_wer_stays or test_no_utterance'"
    job.values |= {"inputs.suite": str(own_warm.suite), "inputs.args": f"--cache-dir {own_warm.cache} {few}"}
    code, output = job.step("Run the gates")
    assert 0 == code, output
    assert ("PASS", "0", "") == (job.output("verdict"), job.output("exit-code"), job.output("speedup")), output
    assert 0.0 <= float(job.output("wer-drop")) <= 1.0
    assert Path(job.output("results-path")).is_file()
    assert "" == job.output("report-path")
    assert (tmp_path / "step.md").read_text().startswith("another step\n\n## wergate: PASS")
    assert (0, True) == (job.step("Write the comment")[0], "never" in job.step("Write the comment")[1])
    assert 0 == job.step("Judge")[0]


def test_a_broken_set_up_fails_the_job_at_its_end(job: Job) -> None:
    """The step of the run succeeds, so that comment and summary are written."""
    job.values |= {"inputs.suite": "none.toml"}
    assert 0 == job.step("Run the gates")[0]
    assert ("FAIL", "13") == (job.output("verdict"), job.output("exit-code"))
    assert "" == job.output("results-path")
    code, output = job.step("Judge")
    assert (13, True) == (code, output.startswith("::error::wergate: the set-up is broken"))


@pytest.mark.parametrize(
    ("fail_on", "codes"),
    [
        ("undecided", {"0": 0, "10": 10, "12": 12, "13": 13, "": 1}),
        ("failure", {"0": 0, "10": 10, "12": 0, "13": 13, "": 1}),
        ("never", {"0": 0, "10": 0, "12": 0, "13": 0, "": 0}),
    ],
)
def test_the_input_decides_what_fails(job: Job, fail_on: str, codes: dict[str, int]) -> None:
    """An exit code that is missing is a failure."""
    job.values["inputs.fail-on"] = fail_on
    for code, expected in codes.items():
        job.values["steps.run.outputs.exit-code"] = code
        assert expected == job.step("Judge")[0]


def test_a_value_that_is_not_accepted_is_one_line(job: Job) -> None:
    """With what is accepted."""
    job.values |= {"inputs.fail-on": "faillure", "steps.run.outputs.exit-code": "0"}
    code, output = job.step("Judge")
    assert 4 == code
    assert "::error::input fail-on is 'faillure' (did you mean 'failure'?); accepted: undecided, failure" in output
