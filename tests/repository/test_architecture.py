"""The page on the architecture is that of the code: its picture, its table of layers, and all that it names."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "development"
SCRIPT = FOLDER / "layers.py"
PAGE = (FOLDER / "architecture.md").read_text(encoding="utf-8")
PICTURE = FOLDER / "layers.svg"
CODE = re.compile(r"`([^`\n]+)`")
TEXT = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
PLACEHOLDER = "NAME"


def drawn(script: Path, *options: str) -> str:
    """Return what the script prints."""
    command = [sys.executable, "-B", str(script), *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def test_the_picture_is_that_of_the_imports() -> None:
    """The picture shows every import between packages."""
    assert PICTURE.read_text(encoding="utf-8") == drawn(SCRIPT), "python docs/development/layers.py --write"
    assert f"]({PICTURE.name})" in PAGE


def test_the_picture_has_every_part_and_arrows_between_them() -> None:
    """As XML: a box for each part, and no arrow to nowhere."""
    root = ET.fromstring(PICTURE.read_text(encoding="utf-8"))  # noqa: S314 - ours
    inside = list((ROOT / "src" / "wergate").iterdir())
    parts = {path.stem for path in inside if (path.is_dir() or path.suffix == ".py") and path.stem[0] != "_"}
    space = "{http://www.w3.org/2000/svg}"
    assert parts == {text.text for text in root.iter(f"{space}text")}
    assert len(root.findall(f"{space}path")) >= len(parts)


def test_the_script_draws_the_picture_anew(tmp_path: Path) -> None:
    """A copy of the script in another folder, with its own contract and code."""
    folder = tmp_path / "docs" / "development"
    folder.mkdir(parents=True)
    (tmp_path / "src").symlink_to(ROOT / "src")
    (tmp_path / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    script = folder / SCRIPT.name
    script.write_bytes(SCRIPT.read_bytes())
    drawn(script, "--write")
    assert PICTURE.read_bytes() == (folder / PICTURE.name).read_bytes()


def below(number: int) -> str:
    """Return how the table says that a layer may import the lower ones."""
    return {1: "none of ours", 2: "layer 1"}.get(number, f"layers 1 to {number - 1}")


def test_the_table_has_the_layers_of_the_contract() -> None:
    """In the same order, from the ground up."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    layers = [set(re.findall(r"wergate\.(\w+)", layer)) for layer in reversed(contract["layers"])]
    rows = re.findall(r"^\| (\d+) \| (.*?) \| .*? \| (.*?) \|$", TEXT, flags=re.MULTILINE)
    found = [(int(number), set(CODE.findall(packages)), lower) for number, packages, lower in rows]
    assert [(number, packages, below(number)) for number, packages in enumerate(layers, start=1)] == found


def words() -> Iterator[str]:
    """Yield the words of the page's code, commands cut into theirs."""
    for code in CODE.findall(TEXT):
        yield from code.split()


def places(word: str) -> list[Path]:
    """Return the files and folders that a word names, from the root or from the package, with its suffix or without."""
    path = word.partition("::")[0].rstrip("/").replace(PLACEHOLDER, "*")
    patterns = [f"{start}{path}{suffix}" for start in ("", "src/wergate/") for suffix in ("", ".py")]
    return [place for pattern in patterns for place in ROOT.glob(pattern)]


PATHS = sorted({word for word in words() if "/" in word or word.endswith((".py", ".md", ".toml"))})
NAMES = [word for word in PATHS if "::" in word]


@pytest.mark.parametrize("word", PATHS)
def test_a_path_of_the_page_exists(word: str) -> None:
    """One with a placeholder exists for some study."""
    assert places(word)


def defined(path: Path) -> set[str]:
    """Return the functions, methods, classes and values of a file."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return functions | {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


@pytest.mark.parametrize("word", NAMES)
def test_a_name_of_the_page_is_in_its_file(word: str) -> None:
    """Whoever renames a function that one of the ways leads through renames it here."""
    (path,) = places(word)
    assert word.partition("::")[2] in defined(path)


def test_the_fixtures_of_the_page_exist() -> None:
    """By their names: their files are not named."""
    named = set(re.findall(r"fixture `(\w+)`", TEXT))
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "fixtures").rglob("*.py")]
    assert set() == named - {name for text in files for name in re.findall(r"@pytest\.fixture.*\ndef (\w+)", text)}
    assert named


def test_the_readme_links_the_page() -> None:
    """And the page is found."""
    assert "](docs/development/architecture.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(NAMES) > len(PATHS) / 3 > 20
