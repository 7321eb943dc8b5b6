"""The workflows of `docs/ci/` are valid, and their shell lines run: on a tiny model, in a copy of the tree."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support.forked import environment
from tests.support.suite_run import ROOT, Warm
from tests.support.tiny import Tiny
from wergate.report.exit_code import MEANING

FOLDER = ROOT / "docs" / "ci"
GITHUB, GITLAB = (yaml.safe_load((FOLDER / name).read_text()) for name in ("github.yml", "gitlab.yml"))
TREE = ("accuracy", "benchmarks", "src", "fixtures", "conftest.py", "pytest.ini", "suite.toml")
PYTHON = """#!/bin/sh
case "$1 $2" in
    "-m pip") exit 0 ;;
    "-m pytest") [ -z "$PRETENDED" ] || exit "$PRETENDED" ;;
esac
exec {python} "$@"
"""


def github_scripts(job: str) -> list[str]:
    """Return the shell scripts of a job of the GitHub workflow, in order."""
    return [step["run"] for step in GITHUB["jobs"][job]["steps"] if "run" in step]


def gitlab_scripts(job: str) -> list[str]:
    """Return the shell lines of a job of the GitLab pipeline, those before it first, as one script."""
    lines = [*GITLAB[GITLAB[job]["extends"]]["before_script"], *GITLAB[job]["script"]]
    return ["\n".join(lines)]


@dataclass(frozen=True)
class Tree:
    """A copy of what a pipeline checks out."""

    root: Path
    variables: dict[str, str]

    def run(self, scripts: list[str], **variables: str) -> tuple[int, str]:
        """Run scripts as GitHub's runner does, until one fails."""
        output = ""
        for script in scripts:
            done = subprocess.run(
                ["bash", "-e", "-c", script],  # noqa: S607 - the machine's own, as on a runner
                cwd=self.root,
                env=self.variables | variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            output += done.stdout
            if done.returncode:
                return done.returncode, output
        return 0, output

    def reports(self) -> set[str]:
        """Return the files that a pipeline keeps."""
        return {path.name for path in (self.root / "reports").iterdir()}


@pytest.fixture
def tree(warm: Warm, tiny: Tiny, tmp_path: Path) -> Tree:
    """A tree under git, with a `python` that installs nothing and runs the gates of one precision on the tiny model."""
    root, programs = tmp_path / "tree", tmp_path / "bin"
    programs.mkdir()
    root.mkdir()
    for name in TREE:
        if (ROOT / name).is_file():
            shutil.copyfile(ROOT / name, root / name)
        else:
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "embedded"))
    (root / "fixtures" / "embedded").symlink_to(ROOT / "fixtures" / "embedded")
    (programs / "python").write_text(PYTHON.format(python=sys.executable))
    (programs / "python").chmod(0o755)
    git = "git init -q . && git add accuracy benchmarks && git -c user.name=x -c user.email=x@x commit -qm x"
    where = f"--suite {warm.suite} --cache-dir {warm.cache} -p no:cacheprovider --precisions int8"
    where += f" --model {tiny.model}"  # benchmarks have models of their own, which take a minute to build
    few = "-k 'test_wer or test_quantized_operations or (test_latency and int8 and 1s)'"
    variables = environment() | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTEST_ADDOPTS": f"{where} {few} --benchmark-max-time=0.01 --benchmark-min-rounds=2",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "step.md"),
        "PRETENDED": "",
    }
    made = Tree(root, variables)
    assert 0 == made.run([git])[0]
    return made


@pytest.mark.parametrize(
    ("name", "schema"), [("github.yml", "vendor.github-workflows"), ("gitlab.yml", "vendor.gitlab-ci")]
)
def test_a_workflow_holds_to_its_published_schema(name: str, schema: str, tmp_path: Path) -> None:
    """As check-jsonschema ships the schemas, so without a network; a misspelled key is seen."""
    misspelled = tmp_path / name
    text = (FOLDER / name).read_text()
    misspelled.write_text(re.sub(r"^( +)(steps|script):", r"\1\2s:", text, flags=re.MULTILINE))
    found = [
        subprocess.run(
            [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)],
            capture_output=True,
            check=False,
        ).returncode
        for path in (FOLDER / name, misspelled)
    ]
    assert [0, 1] == found


def gates(scripts: list[str]) -> list[str]:
    """Return the arguments of the only pytest among scripts."""
    (line,) = [line for script in scripts for line in script.replace("\\\n", "").splitlines() if "-m pytest" in line]
    return shlex.split(line.partition("-m pytest")[2].partition("||")[0])


@pytest.mark.parametrize("job", ["accuracy", "latency"])
def test_both_pipelines_run_the_same_gates(job: str) -> None:
    """GitLab's are run below; only where the summary goes needs no word on GitHub."""
    here, there = gates(github_scripts(job)), gates(gitlab_scripts(job))
    assert sorted([*here, "--summary", f"reports/{job}.md"]) == sorted(there)


def test_the_accuracy_job_runs(tree: Tree) -> None:
    """Every option exists, and the reports that are kept are written."""
    code, output = tree.run(gitlab_scripts("accuracy"))
    assert 0 == code, output
    assert {"accuracy.json", "accuracy.xml", "badge.json"} <= tree.reports()
    assert (tree.root / "reports" / "accuracy.md").read_text().startswith("## wergate: PASS")


def test_the_latency_job_runs(tree: Tree) -> None:
    """Timed, compared, reported."""
    code, output = tree.run(gitlab_scripts("latency"))
    assert 0 == code, output
    assert {"latency.json", "latency.xml"} <= tree.reports()


@pytest.mark.parametrize(("pretended", "code"), [("0", 0), ("12", 0), ("11", 11), ("10", 10), ("13", 13), ("1", 1)])
def test_only_what_settles_nothing_is_tolerated(pretended: str, code: int, tree: Tree) -> None:
    """The latency job of both services passes with a warning if the gates are inconclusive."""
    found, output = tree.run(github_scripts("latency"), PRETENDED=pretended)
    assert (code, pretended == "12") == (found, "::warning::" in output)
    assert {"exit_codes": [12]} == GITLAB["latency"]["allow_failure"]


def test_the_baseline_job_keeps_a_patch(tree: Tree) -> None:
    """New baselines are for review, in a patch that applies to what was checked out."""
    code, output = tree.run(github_scripts("baselines"))
    assert 0 == code, output
    patch = (tree.root / "reports" / "baselines.patch").read_text()
    assert "+++ b/accuracy/baselines/graph.json" in patch
    restored = "git stash -q --include-untracked -- accuracy benchmarks; git apply --check reports/baselines.patch"
    assert 0 == tree.run(["git reset -q", restored])[0]


def test_the_readme_names_every_code_and_no_registry() -> None:
    """Whoever writes a pipeline finds each code; neither file says where packages come from."""
    text = (FOLDER / "README.md").read_text()
    assert [] == [code for code in MEANING if f"| {int(code)} |" not in text]
    for path in FOLDER.iterdir():
        assert None is re.search(r"pypi|pytorch\.org|https?://", path.read_text()), path
