"""The prose linter reads prose and no code, and the enforced folders have no hit."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.suite_run import ROOT

SCRIPT = ROOT / "docs" / "development" / "prose.py"
LIST = """
enforced = ["clean"]
paths = ["clean", "other", "page.md"]
skipped = ["other/lexicon.py"]
markdown_line_max = 40
docstring_openings = ["What"]
[[expressions]]
avoid = 'old words?'
say = "new words"
[[expressions]]
avoid = 'stale'
say = "fresh"
"""


@dataclass(frozen=True)
class Tree:
    """A folder with a list of its own."""

    root: Path

    def write(self, name: str, text: str) -> None:
        """Add a file."""
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def lint(self, *options: str) -> tuple[int, list[str]]:
        """Return the exit code and the lines before the counts."""
        places = ("--root", str(self.root), "--list", str(self.root / "list.toml"))
        done = lint(*places, *options)
        return done.returncode, [line for line in done.stdout.splitlines() if " -> " in line]


def lint(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the linter."""
    done = subprocess.run(
        [sys.executable, "-B", str(SCRIPT), *options], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert not done.stderr
    return done


def read_list() -> dict[str, Any]:
    """Return the committed list."""
    return tomllib.loads(SCRIPT.with_suffix(".toml").read_text(encoding="utf-8"))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty tree."""
    (tmp_path / "list.toml").write_text(LIST, encoding="utf-8")
    return Tree(tmp_path)


def test_docstrings_comments_and_strings_are_read(tree: Tree) -> None:
    """Identifiers and transcripts in capitals are not."""
    tree.write(
        "clean/code.py",
        '"""An old word."""\n\nold = words = 1  # an Old word\ntext = "no old word", "OLD WORDS"\nold_words = old\n',
    )
    found = [f"clean/code.py:{line}: {words} -> new words" for line, words in ((1, "old word"), (3, "Old word"))]
    assert (1, [*found, "clean/code.py:4: old word -> new words"]) == tree.lint()


@pytest.mark.parametrize(
    "code",
    [
        '"""Some\nold\n    words."""\n',
        "x = 1\n# some old\n# words\n",
        'x = (\n    "some old "\n    "words"\n)\n',
        'x = (\n    "some old "\n    f"words {x}"\n)\n',
        'x = 1\nx = "some\\nold words"\n',
    ],
)
def test_an_expression_may_span_lines(code: str, tree: Tree) -> None:
    """In a docstring, in comments, in strings that Python joins; the hit is where it starts."""
    tree.write("clean/code.py", code)
    assert (1, ["clean/code.py:2: old words -> new words"]) == tree.lint()


@pytest.mark.parametrize(
    "code", ['x = f"{old} words {stale}"\n', 'x = f"{old!r:>9} {words}"\n', 'x = "old", "words"\n']
)
def test_neither_fields_nor_separate_strings_are_joined(code: str, tree: Tree) -> None:
    """Code between two pieces of text keeps them apart."""
    tree.write("clean/code.py", code)
    assert (0, []) == tree.lint()


def test_a_docstring_starts_with_a_verb_or_a_noun(tree: Tree) -> None:
    """Of a module, a class, a function and a method."""
    functions = 'def f():\n    """What it does."""\n\n\nclass A:\n    """A class."""\n\n    def m(self):\n'
    tree.write("clean/code.py", f'"""What is here."""\n\n\n{functions}        """Whatever."""\n')
    found = [f"clean/code.py:{line}: docstring starts with 'What' -> a verb or a noun" for line in (1, 5)]
    assert (1, found) == tree.lint()


def test_code_in_markdown_is_not_read(tree: Tree) -> None:
    """Blocks, spans, comments and link targets; tables and headings are prose."""
    page = "# Old words\n\n```\nold words\n```\n\n`old words` [a](old words)\n\n<!-- old words -->\n\n| a |\n|---|\n"
    tree.write("page.md", f"{page}| old words |\n")
    found = ["page.md:1: Old words -> new words", "page.md:13: old words -> new words"]
    assert (0, found) == tree.lint()


def test_markdown_has_one_short_sentence_a_line(tree: Tree) -> None:
    """Table rows, link targets and code may be longer; a list's number ends no sentence."""
    fine = ["1. One sentence, e.g. This one.", f"[a]({'x' * 50})", f"    {'x' * 50}", f"| a. B {'x' * 50} |"]
    tree.write("page.md", "\n\n".join([*fine, "One. Two.", "Is it *so?* `x` is.", "y " * 21]) + "\n")
    found = [(9, "two sentences -> one a line"), (11, "two sentences -> one a line")]
    found.append((13, "42 characters -> at most 40 a line"))
    assert (0, [f"page.md:{line}: {text}" for line, text in found]) == tree.lint()


def test_only_enforced_folders_fail(tree: Tree) -> None:
    """Hits elsewhere are printed and counted; `--all` enforces all, and given files print what fails."""
    tree.write("other/code.py", "# old word\n")
    tree.write("other/lexicon.py", "# old word\n")
    tree.write("unlisted/code.py", "# old word\n")
    found = ["other/code.py:1: old word -> new words"]
    assert (0, found) == tree.lint()
    assert (1, found) == tree.lint("--all")
    assert (0, []) == tree.lint("other/code.py")
    assert (1, found) == tree.lint("--all", "other/code.py", "other/lexicon.py", "unlisted/code.py", "x.parquet")


def test_hits_are_counted_by_folder(tree: Tree) -> None:
    """And enforced folders are marked."""
    tree.write("other/code.py", "# old word, old words\n")
    tree.write("clean/code.py", "# old word\n")
    tree.write("page.md", "old word\n")
    lines = lint("--root", str(tree.root), "--list", str(tree.root / "list.toml")).stdout.splitlines()
    counts = ["    1  clean  (enforced)", "    2  other", "    1  page.md", "    4  in all, 1 of them must go"]
    assert counts == lines[-4:]


def test_the_enforced_folders_have_no_hit() -> None:
    """Each exists: a misspelled one would enforce nothing."""
    places = read_list()["enforced"]
    assert [] == [place for place in places if not (ROOT / place).exists()]
    done = lint()
    assert [] == [line for line in done.stdout.splitlines() if line.startswith(tuple(places))]
    assert 0 == done.returncode


def test_no_suggestion_is_one_to_avoid(tree: Tree) -> None:
    """A person who follows the list comes to no second hit."""
    suggestions = [expression["say"] for expression in read_list()["expressions"]]
    tree.write("README.md", "\n\n".join(suggestions))
    places = ("--root", str(tree.root), "--list", str(SCRIPT.with_suffix(".toml")), "--all")
    assert 0 == lint(*places).returncode
    assert len(suggestions) > 20
