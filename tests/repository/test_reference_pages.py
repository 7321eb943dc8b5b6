"""The generated pages of the reference are those of the code; the page of gates names all of them."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.architectures import ARCHITECTURES
from wergate.gates.names import ACCURACY_GATES

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "development" / "reference.py"
REFERENCE = ROOT / "docs" / "reference"
GATES = (REFERENCE / "gates.md").read_text(encoding="utf-8")


def script() -> ModuleType:
    """Return the script as a module."""
    specification = importlib.util.spec_from_file_location("reference", SCRIPT)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


MODULE = script()


@pytest.mark.parametrize("page", MODULE.PAGES, ids=lambda page: page.stem)
def test_a_page_is_that_of_the_code(page: Path) -> None:
    """The pages hold every key, row, option and exit code."""
    assert page.read_text(encoding="utf-8") == MODULE.PAGES[page](), "python docs/development/reference.py --write"


def test_the_command_finds_no_difference() -> None:
    """It runs from any folder, with nothing on the path."""
    done = subprocess.run([sys.executable, "-B", str(SCRIPT)], cwd="/", capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)


def test_every_key_has_a_meaning_and_no_meaning_is_left_over() -> None:
    """In each section of the list."""
    keys = {name: set(fields) for name, fields in MODULE.sections().items()}
    assert keys == {name: set(keys_of_section) for name, keys_of_section in MODULE.meanings().items()}


def names(tree: ast.AST) -> Iterator[str]:
    """Yield the names of gates in a module; of one that is put together, the part in front."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "gate":
            yield from leading(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Verdict" and node.args:
            yield from leading(node.args[0])
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            name = getattr(target, "id", "")
            if name == "gate":
                yield from leading(node.value)
            elif name in {"claims", "rises"} and isinstance(node.value, ast.Tuple | ast.List):
                for claim in node.value.elts:
                    yield from leading(first(claim))


def first(claim: ast.expr) -> ast.expr:
    """Return what a claim begins with: a tuple, or several that a loop makes."""
    while isinstance(claim, ast.Starred | ast.GeneratorExp):
        claim = claim.value if isinstance(claim, ast.Starred) else claim.elt
    return claim.elts[0] if isinstance(claim, ast.Tuple) else claim


def leading(node: ast.expr) -> Iterator[str]:
    """Yield a text, or the part of a formatted one that is always the same."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[0]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def gates() -> set[str]:
    """Return the names of gates in the code."""
    folders = ("src/wergate", "accuracy", "benchmarks", "fixtures")
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    found = {name for path in files for name in names(ast.parse(path.read_text(encoding="utf-8")))}
    return found - {""}


def test_every_gate_is_on_the_page() -> None:
    """By its name, or by the part in front where the name is put together."""
    found = gates()
    assert len(found) > 40
    assert set() == {name for name in found if f"`{name}" not in GATES}


def test_every_gate_of_the_page_is_in_the_code() -> None:
    """A gate that was renamed is renamed there."""
    found = gates() | {"fake_quantize", "int8_weights"}  # the counts of a graph are gates of their own names
    named = {name for row in re.findall(r"^\| (`.*?) \|", GATES, flags=re.MULTILINE) for name in row.split(", ")}
    bare = {name.strip("`") for name in named}
    assert set() == {name for name in bare if not any(name == gate or name.startswith(gate) for gate in found)}
    assert len(bare) > 40


def test_the_names_of_accuracy_gates_are_those_of_every_run() -> None:
    """Other projects parametrize their tests with them."""
    every_run = GATES.partition("## In every run")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in every_run.splitlines() if line.startswith("| `")]
    assert [name.partition("[")[0] for cell in cells for name in re.findall(r"`([^`]+)`", cell)] == list(ACCURACY_GATES)


def test_every_key_on_the_page_of_gates_exists() -> None:
    """A key without a table is one of a precision's thresholds."""
    known = {key.rpartition(".")[2] for fields in MODULE.sections().values() for key in fields}
    used = set(re.findall(r"`(\w+_(?:min|max))`", GATES))
    assert set() == used - known
    assert used


def test_every_architecture_is_on_its_page() -> None:
    """With the mask that its processor gives."""
    text = (REFERENCE / "architectures.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([\w, -]+?) \| (yes|no) \|", text, flags=re.MULTILINE))
    assert {found.id: "yes" if found.attention_mask else "no" for found in ARCHITECTURES} == rows
