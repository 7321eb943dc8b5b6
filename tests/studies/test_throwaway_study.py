"""A new study needs a folder with its declaration, a file of tests, and one line in the registry; nothing else changes.

Its rows are of a kind that `Results` has no field for. The committed schema describes the results file, so these rows
are only printed, by the study's own table. Its verdicts are written like all others. A permanent study gets a field.
"""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.forked import environment
from tests.support.suite_run import ROOT
from tests.support.tiny import Tiny

TREE = ("accuracy", "src", "fixtures", "docs", "conftest.py", "pytest.ini", "suite.toml")
DECLARATION = """
from wergate.evaluation.rows import ResultRow
from wergate.formatting import new_table
from wergate.studies.base import Study


class LetterRow(ResultRow):
    model: str
    letters: int


def _tables(rows):
    table = new_table("throw-away", "model", ("letters",))
    for row in rows["letters"]:
        table.add_row(row.model, str(row.letters))
    yield table


STUDY = Study(
    name="throw-away",
    question="How long is the name of a model?",
    minutes=1,
    where="accuracy/test_throw_away.py",
    kinds={"letters": LetterRow},
    tables=_tables,
    lines=lambda rows: (f"{row.letters} letters" for row in rows["letters"]),
    settings=lambda rows: (f"letters = {row.letters}" for row in rows["letters"]),
)
"""
TESTS = """
import pytest

from fixtures.gates.check import record_row
from wergate.studies.throw_away.declaration import LetterRow
from wergate.verdict import Verdict

pytestmark = pytest.mark.study("throw-away")


def test_a_name_is_short(model, check, request):
    record_row(request.node, "letters", LetterRow(model="tiny", letters=len("tiny")))
    check(Verdict("letters", "name", len("tiny"), "<=", 10, "the name", "rename it"))
"""


@dataclass(frozen=True)
class Copy:
    """A copy of the tree with one more study in it."""

    root: Path
    suite: Path

    def run(self, *arguments: str) -> str:
        """Run Python in the copy and return the output."""
        done = subprocess.run(
            [sys.executable, "-B", "-m", *arguments],
            cwd=self.root,
            env=environment() | {"PYTHONPATH": "src"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stdout
        return done.stdout

    def pytest(self, *options: str) -> str:
        """Run the gates of the copy and return the output."""
        locations = ("--suite", str(self.suite), "--cache-dir", str(self.root / "cache"), "-p", "no:cacheprovider")
        return self.run("pytest", "accuracy", *locations, *options)


@pytest.fixture(scope="module")
def copy(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the tree with the new study."""
    root = tmp_path_factory.mktemp("tree")
    for name in TREE:
        if (ROOT / name).is_file():
            shutil.copyfile(ROOT / name, root / name)
        else:
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "embedded"))
    (root / "fixtures" / "embedded").symlink_to(ROOT / "fixtures" / "embedded")
    folder = root / "src" / "wergate" / "studies" / "throw_away"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "declaration.py").write_text(DECLARATION)
    (root / "accuracy" / "test_throw_away.py").write_text(TESTS)
    registry = folder.parent / "registry.py"
    last = '    "corpus_memory",\n'
    registry.write_text(registry.read_text().replace(last, f'{last}    "throw_away",\n'))
    return Copy(root, tiny.suite(root / "tiny.toml"))


def differing(folder: Path) -> set[str]:
    """Return the files of a copied folder that are new or differ from the repository's."""
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    root = folder.parent
    return {
        str(path.relative_to(root))
        for path in files
        if not (ROOT / path.relative_to(root)).exists()
        or not filecmp.cmp(path, ROOT / path.relative_to(root), shallow=False)
    }


def test_it_changes_only_its_own_files_and_a_line_of_the_registry(copy: Copy) -> None:
    """New files are the study's own; the only changed file is one line longer."""
    studies = "src/wergate/studies"
    own = {f"{studies}/throw_away/{name}" for name in ("__init__.py", "declaration.py")}
    assert own | {f"{studies}/registry.py"} == differing(copy.root / "src")
    assert {"accuracy/test_throw_away.py"} == differing(copy.root / "accuracy")
    assert set() == differing(copy.root / "fixtures")
    before, now = (len((root / studies / "registry.py").read_text().splitlines()) for root in (ROOT, copy.root))
    assert before + 1 == now


def test_its_table_lines_and_verdicts_are_reported(copy: Copy) -> None:
    """Rows of a worker arrive, too; only the study runs, nothing is built, and the results match the schema."""
    results = copy.root / "results.json"
    output = copy.pytest("--study", "throw-away", "--results", str(results), "-n", "1")
    lines = [line.strip() for line in output.splitlines()]
    assert "throw-away" in lines
    assert ["tiny", "4"] in [line.split() for line in lines]
    assert lines.index("4 letters") < lines.index("letters = 4")
    assert "1 passed" in output
    written = json.loads(results.read_text())
    assert [("letters", "PASS")] == [(row["gate"], row["status"]) for row in written["verdicts"]]
    assert "letters" not in written
    assert ["throw-away"] == written["options"]["studies"]
    assert [] == list((copy.root / "cache").glob("*"))


def test_it_is_in_the_list_and_in_the_options_page(copy: Copy) -> None:
    """The list and the documentation are built from the registry."""
    assert "How long is the name of a model?" in copy.pytest("--study", "list")
    copy.run("fixtures.option_page")
    page = (copy.root / "docs" / "reference" / "options.md").read_text()
    assert "| `throw-away` | How long is the name of a model? | 1 | `accuracy/test_throw_away.py` |" in page


def test_a_plain_run_leaves_it_out(copy: Copy) -> None:
    """A plain run collects the gates but not the new study."""
    listed = copy.pytest("--collect-only", "-q")
    assert "accuracy/test_wer.py::" in listed
    assert "test_throw_away.py" not in listed
