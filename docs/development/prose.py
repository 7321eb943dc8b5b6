"""Prints expressions to avoid in docstrings, comments, strings and pages: `python docs/development/prose.py`.

`prose.toml` lists them and the folders that must be free of them. `--all` requires it of every folder.
"""
# ruff: noqa: INP001, T201 - a script, and no package; it prints

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from markdown_it import MarkdownIt

_ROOT = Path(__file__).parents[2]
_LIST = Path(__file__).with_name("prose.toml")
_MASK = "\0"  # takes the place of code; no expression contains it
_PLAIN = {".cfg", ".cff", ".ini", ".lock", ".toml", ".yaml", ".yml"}
_SUFFIXES = {".py", ".md"} | _PLAIN
_CODE_BLOCKS = {"code_block", "fence", "html_block"}
_CODE_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK_TARGET = re.compile(r"(?<=\])\([^)]*\)")
_FIELD = re.compile(r"\{[^{}]*\}")  # of an f-string
_PREFIX = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')")
_ESCAPE = re.compile(r"\\[nrt\"']")
_LIST_MARK = re.compile(r"^\s*(>\s*)*([-*+]|\d+\.)?\s+")
_SECOND_SENTENCE = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)[.!?][)\"*_]*\s+[\"(*_\[]*[A-Z\0]")
_STRINGS = {tokenize.STRING}
_DELIMITERS = set()
if sys.version_info >= (3, 12):  # before, an f-string is one token
    _STRINGS.add(tokenize.FSTRING_MIDDLE)
    _DELIMITERS |= {tokenize.FSTRING_START, tokenize.FSTRING_END}


@dataclass(frozen=True, order=True)
class Hit:
    """An expression to avoid, at its place."""

    file: str
    line: int
    found: str
    say: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.found} -> {self.say}"


@dataclass(frozen=True)
class Rules:
    """The content of `prose.toml`."""

    enforced: Sequence[str]
    paths: Sequence[str]
    skipped: Sequence[str]
    markdown_line_max: int
    docstring_openings: Sequence[str]
    expressions: Sequence[dict[str, str]]

    @cached_property
    def patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """Each expression as whole words, with its replacement."""
        return [(_pattern(expression["avoid"]), expression["say"]) for expression in self.expressions]


def _pattern(avoid: str) -> re.Pattern[str]:
    spaced = avoid.replace(" ", r"\s+")
    return re.compile(rf"(?<![\w-])(?:{spaced})(?![\w-])", re.IGNORECASE)


def read_rules(path: Path) -> Rules:
    """Read a list of expressions."""
    return Rules(**tomllib.loads(path.read_text(encoding="utf-8")))


def hits(path: Path, name: str, rules: Rules) -> Iterator[Hit]:
    """Yield the hits of a file.

    Args:
        name: the file's path from the root, for the hits.
    """
    text = path.read_text(encoding="utf-8")
    prose = _prose(path.suffix, text)
    for pattern, say in rules.patterns:
        for match in pattern.finditer(prose):
            if not match[0].isupper():
                yield Hit(name, prose.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), say)
    if path.suffix == ".py":
        yield from _docstring_hits(text, name, rules.docstring_openings)
    if path.suffix == ".md":
        yield from _line_hits(prose, name, rules.markdown_line_max)


def _prose(suffix: str, text: str) -> str:
    """Return a text of the same lines in which a mask replaces all code."""
    return {".py": _python_prose, ".md": _markdown_prose}.get(suffix, str)(text)


def _python_prose(text: str) -> str:
    """Keep strings and comments; neighbouring ones become one text, so expressions are found across them."""
    lines = text.splitlines(keepends=True)
    masked = [list(re.sub(r"\S", _MASK, line)) for line in lines]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        for row, start, part in _rows(token, _words(token)):
            masked[row - 1][start : start + len(part)] = part
    return "".join("".join(line) for line in masked)


def _words(token: tokenize.TokenInfo) -> str | None:
    """Return a token's prose with its columns kept, or None for code."""
    if token.type == tokenize.COMMENT:
        return " " + token.string[1:]
    if token.type in _DELIMITERS:
        return " " * len(token.string)
    if token.type not in _STRINGS:
        return None
    return _ESCAPE.sub("  ", _unquoted(token.string) if token.type == tokenize.STRING else token.string)


def _unquoted(literal: str) -> str:
    opening = _PREFIX.match(literal)
    assert opening
    quote = len(opening[1])
    inside = literal[opening.end() : len(literal) - quote]
    if "f" in opening[0].lower():
        inside = _FIELD.sub(lambda field: re.sub(r"\S", _MASK, field[0]), inside)
    return " " * opening.end() + inside + " " * quote


def _rows(token: tokenize.TokenInfo, words: str | None) -> Iterator[tuple[int, int, str]]:
    """Yield a token's prose by rows: number, first column, characters."""
    for offset, part in enumerate([] if words is None else words.split("\n")):
        yield token.start[0] + offset, 0 if offset else token.start[1], part


def _markdown_prose(text: str) -> str:
    """Mask blocks and spans of code."""
    lines = text.splitlines(keepends=True)
    for block in MarkdownIt("commonmark").enable("table").parse(text):
        if block.type in _CODE_BLOCKS and block.map:
            for row in range(*block.map):
                lines[row] = re.sub(r"\S", _MASK, lines[row])
    spans = _CODE_SPAN.sub(lambda span: re.sub(r"\S", _MASK, span[0]), "".join(lines))
    return _LINK_TARGET.sub("()", spans)


def _docstring_hits(text: str, name: str, openings: Sequence[str]) -> Iterator[Hit]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = (ast.get_docstring(node) or "").partition(" ")[0]
            if first in openings:
                yield Hit(name, node.body[0].lineno, f"docstring starts with {first!r}", "a verb or a noun")


def _line_hits(prose: str, name: str, longest: int) -> Iterator[Hit]:
    for number, line in enumerate(prose.splitlines(), start=1):
        if line.lstrip("> ").startswith("|") or not line.strip(f"{_MASK} "):
            continue
        if len(line) > longest:
            yield Hit(name, number, f"{len(line)} characters", f"at most {longest} a line")
        if _SECOND_SENTENCE.search(_LIST_MARK.sub("", line)):
            yield Hit(name, number, "two sentences", "one a line")


def files(root: Path, rules: Rules) -> Iterator[str]:
    """Yield the files to read, as paths from the root."""
    for given in rules.paths:
        path = root / given
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in found:
            if file.is_file() and file.suffix in _SUFFIXES:
                yield file.relative_to(root).as_posix()


def below(name: str, places: Iterable[str]) -> bool:
    """Return whether a file is one of the places or in one of them."""
    return any(PurePosixPath(name).is_relative_to(place) for place in places)


def folder_of(name: str) -> str:
    """Return the folder that a file is counted in; files at the root count by themselves."""
    parent = PurePosixPath(name).parent
    return name if parent == PurePosixPath() else str(parent)


def main() -> int:
    """Print hits and their number by folder; return 1 if an enforced folder has one."""
    options = _options()
    rules = read_rules(options.list)
    read = [name for name in options.files or files(options.root, rules) if _is_read(name, rules)]
    found = sorted(hit for name in read for hit in hits(options.root / name, name, rules))
    wrong = [hit for hit in found if options.all or below(hit.file, rules.enforced)]
    for hit in found if not options.files else wrong:
        print(hit)
    if not options.files:
        for folder, count in sorted(Counter(folder_of(hit.file) for hit in found).items()):
            print(f"{count:5d}  {folder}{'  (enforced)' if below(folder, rules.enforced) else ''}")
        print(f"{len(found):5d}  in all, {len(wrong)} of them must go")
    return 1 if wrong else 0


def _is_read(name: str, rules: Rules) -> bool:
    return PurePosixPath(name).suffix in _SUFFIXES and below(name, rules.paths) and not below(name, rules.skipped)


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="files to read, from the root; hits that are not enforced stay silent")
    parser.add_argument("--all", action="store_true", help="require every file to be free of hits")
    parser.add_argument("--root", type=Path, default=_ROOT, help="folder that paths start from")
    parser.add_argument("--list", type=Path, default=_LIST, help="list of expressions")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
