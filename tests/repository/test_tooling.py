"""Files about the repository hold to their published forms, and agree with each other and with the tree."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.suite_run import ROOT
from wergate import __version__
from wergate.environment.machine import VARIABLES

ADDRESS = "https://github.com/wergate/wergate"
GITHUB = ROOT / ".github"
FORMS = ("wrong-verdict", "unsupported-model", "noisy-latency")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GROUPS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


@dataclass(frozen=True)
class Form:
    """A file with a published schema.

    Attributes:
        schemas: their names in check-jsonschema, which contains a copy of each.
        required: a key that the schemas require.
    """

    file: str
    schemas: tuple[str, ...]
    required: str


VALIDATED = (
    Form(".github/workflows/ci.yml", ("vendor.github-workflows", "custom.github-workflows-require-timeout"), "jobs"),
    Form("CITATION.cff", ("vendor.citation-file-format",), "title"),
    Form(".github/ISSUE_TEMPLATE/config.yml", ("vendor.github-issue-config",), "url"),
    *(Form(f".github/ISSUE_TEMPLATE/{name}.yml", ("vendor.github-issue-forms",), "body") for name in FORMS),
)


def loaded(name: str) -> Any:
    """Return a YAML file."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def tox() -> configparser.ConfigParser:
    """Return tox.ini."""
    found = configparser.ConfigParser(interpolation=None)
    found.read(ROOT / "tox.ini", encoding="utf-8")
    return found


def environments() -> set[str]:
    """Return the environments of tox.ini."""
    names = {section.removeprefix("testenv:") for section in tox().sections() if ":" in section}
    return (names - {"py3{12,13}"}) | {"py312", "py313"}


def refusals(path: Path, schema: str) -> int:
    """Return 0 if a file is valid."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.parametrize("form", VALIDATED, ids=lambda form: form.file)
def test_a_file_has_its_published_form(form: Form, tmp_path: Path) -> None:
    """A required key that is misspelled is an error, so the schema does read the file."""
    path = ROOT / form.file
    misspelled = tmp_path / path.name
    text = path.read_text(encoding="utf-8")
    misspelled.write_text(re.sub(rf"^( *){form.required}:", rf"\1x{form.required}:", text, flags=re.MULTILINE))
    assert [0] * len(form.schemas) == [refusals(path, schema) for schema in form.schemas]
    assert refusals(misspelled, form.schemas[0])


def test_every_file_of_github_is_validated() -> None:
    """A new workflow or form is added to the list above."""
    found = {str(path.relative_to(ROOT)) for path in GITHUB.rglob("*.yml")}
    assert found == {form.file for form in VALIDATED if form.file.startswith(".github")}


def test_the_workflow_runs_the_gates_of_this_project() -> None:
    """Each job runs an environment of tox.ini, and needs no right to write."""
    workflow = loaded(".github/workflows/ci.yml")
    assert {"contents": "read"} == workflow["permissions"]
    matrices = [job["strategy"]["matrix"]["environment"] for job in workflow["jobs"].values()]
    named = {name for matrix in matrices for name in matrix}
    assert {"gate", "tests", "pot", "docs", "lint", "py312", "py313"} <= named
    assert set() == named - environments()


def test_the_badge_is_that_of_a_workflow() -> None:
    """The README shows the state of a workflow that exists."""
    named = re.findall(rf"{ADDRESS}/actions/workflows/([\w.]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {"ci.yml"} == set(named)


def test_versions_licences_and_addresses_agree() -> None:
    """In pyproject.toml, CITATION.cff, the package and the licence itself."""
    cited = loaded("CITATION.cff")
    assert [__version__] * 2 == [PROJECT["version"], str(cited["version"])]
    assert ["Apache-2.0"] * 2 == [PROJECT["license"], cited["license"]]
    assert [[{"name": "the wergate authors"}]] * 2 == [PROJECT["authors"], cited["authors"]]
    assert "Apache License\n                           Version 2.0" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert [ADDRESS] * 2 == [PROJECT["urls"]["Repository"], cited["repository-code"]]
    assert all(address.startswith(ADDRESS) for address in PROJECT["urls"].values())


def test_every_python_that_is_accepted_is_tried() -> None:
    """The classifiers, the interpreters of tox and the bounds of pyproject.toml are the same versions."""
    named = [name.rpartition(" ")[2] for name in PROJECT["classifiers"] if "Python :: 3." in name]
    assert ["3.11", "3.12", "3.13"] == named
    assert ">=3.11,<3.14" == PROJECT["requires-python"]
    assert ", ".join(f"python{version}" for version in named) == tox()["testenv"]["base_python"]


def test_what_runs_without_pytorch_has_all_other_packages() -> None:
    """A new dependency is added to both lists."""
    extras = (PROJECT["optional-dependencies"][name] for name in ("pytorch", "quantize", "checks"))
    wanted = [*PROJECT["dependencies"], *(requirement for extra in extras for requirement in extra)]
    names = {re.split(r"[<>=\[]", requirement)[0] for requirement in wanted} - {"torch", "torchmetrics"}
    lines = (ROOT / ".ci" / "without-torch.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(names) == [line for line in lines if not line.startswith("#")]


def test_every_library_that_is_imported_is_a_dependency() -> None:
    """Another package may bring it today, and not tomorrow, or not without an extra."""
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *extras["pytorch"], *extras["quantize"]]
    declared = {canonical(re.split(r"[<>=\[]", requirement)[0]) for requirement in wanted}
    missing = imported("src/wergate", "fixtures", "accuracy", "benchmarks") - declared
    assert {"pluggy", "pydantic-core", "safetensors"} >= missing  # pytest, pydantic and transformers require them


def canonical(name: str) -> str:
    """Return the name of a package as an index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(*folders: str) -> set[str]:
    """Return the packages that the code in some folders imports, without the recipe of the embedded model."""
    of_module = packages_distributions()
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "recipe" not in path.parts]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    modules = {name.partition(".")[0] for tree in trees for node in ast.walk(tree) for name in named(node)}
    return {canonical(of_module[name][0]) for name in modules if name in of_module}


def named(node: ast.AST) -> list[str]:
    """Return the modules of an import."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


def test_hooks_use_the_versions_of_the_lock() -> None:
    """So a commit and CI agree; hooks for files of any kind have no line in it."""
    lock = (ROOT / ".ci" / "requirements.lock").read_text(encoding="utf-8").splitlines()
    hooks = [hook for repo in loaded(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    pins = {pin.replace("[all]", "") for hook in hooks for pin in hook["additional_dependencies"]}
    assert ["pre-commit-hooks"] == [pin.partition("==")[0] for pin in pins - set(lock)]
    assert {"ruff-check", "ruff-format", "codespell", "prose", "validate-pyproject"} <= {hook["id"] for hook in hooks}


def test_the_tests_run_the_linters_first() -> None:
    """Linters of code and of spelling, in the order of `lint`."""
    lint, tests = (tox()[f"testenv:{name}"]["commands"].strip().splitlines() for name in ("lint", "tests"))
    assert tests[:-1] == lint[: len(tests) - 1]


def test_what_changes_measurements_reaches_the_runs_of_users() -> None:
    """Variables of libraries, of proxies and of GitHub, in every environment that runs gates; not in the tests."""
    passed = set(tox()["measuring"]["pass_env"].split())
    assert {"{[testenv]pass_env}", *VARIABLES, "GITHUB_*"} == passed
    assert {"gate", "gate-full", "pot", "matrix", "optimum", "peers"} == {
        section.removeprefix("testenv:")
        for section in tox().sections()
        if tox()[section].get("pass_env") == "{[measuring]pass_env}"
    }
    assert "ALL_PROXY" in tox()["testenv"]["pass_env"].split()


def test_the_guide_names_what_exists() -> None:
    """Paths and environments; every environment is named."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = {word for word in re.findall(r"`([\w./-]+)`", text) if "/" in word or word.endswith((".md", ".toml"))}
    assert set() == {path for path in paths if not (ROOT / path).exists()}
    assert len(paths) > 20
    assert environments() == set(re.findall(r"tox run -e ([\w-]+)", text))
    links = re.findall(r"\]\(([\w./-]+)\)", text)
    assert [] == [link for link in links if not (ROOT / link).exists()]


def test_the_changelog_has_one_line_a_change() -> None:
    """Under the groups of Keep a Changelog, each once, in their order."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for version in text.split("\n## ")[1:]:
        groups = re.findall(r"^### (.+)$", version, flags=re.MULTILINE)
        assert groups == [group for group in GROUPS if group in groups]
        changes = version.partition("### ")[2].splitlines()[1:]
        assert [] == [line for line in changes if line and not line.startswith(("- ", "### "))]
