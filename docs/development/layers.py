"""The picture in architecture.md: `python docs/development/layers.py` prints it, `--write` puts it into the page."""
# ruff: noqa: INP001 - a script, and no package

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import grimp

_PAGE = Path(__file__).with_name("architecture.md")
_SOURCES = Path(__file__).parents[2] / "src"
_PACKAGE = "wergate"
_BEGIN, _END = "<!-- picture: begin -->\n", "<!-- picture: end -->\n"
Arrows = Mapping[str, frozenset[str]]


def arrows() -> Arrows:
    """Return the parts of wergate, each with the parts that it imports, as the layers contract counts imports."""
    sys.path.insert(0, str(_SOURCES))
    graph = grimp.build_graph(_PACKAGE, exclude_type_checking_imports=True, cache_dir=None)
    imported: dict[str, set[str]] = {_part(child): set() for child in graph.find_children(_PACKAGE)}
    for module in graph.modules - {_PACKAGE}:
        imported[_part(module)] |= {
            _part(other) for other in graph.find_modules_directly_imported_by(module) - {_PACKAGE}
        }
    return {part: frozenset(others - {part}) for part, others in sorted(imported.items())}


def _part(module: str) -> str:
    return module.split(".")[1]


def reduced(found: Arrows) -> Arrows:
    """Leave out each arrow whose end is also reached by a longer way."""
    return {
        part: frozenset(end for end in ends if not any(end in _reached(found, other) for other in ends - {end}))
        for part, ends in found.items()
    }


def _reached(found: Arrows, start: str) -> set[str]:
    """Return all parts that arrows lead to, one after the other."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        new = found[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def picture() -> str:
    """Return the picture in Mermaid: packages as rectangles, files with round corners."""
    found = reduced(arrows())
    boxes = (f"{part}[{part}]" if (_SOURCES / _PACKAGE / part).is_dir() else f"{part}({part})" for part in found)
    lines = (f"{part} --> {end}" for part, ends in found.items() for end in sorted(ends))
    return "\n".join(["flowchart TD", *(f"    {line}" for line in (*boxes, *lines))]) + "\n"


def _write(text: str) -> None:
    head, begin, rest = _PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not (begin and end):
        sys.exit(f"'{_PAGE}' needs the lines '{_BEGIN.strip()}' and '{_END.strip()}' around its picture")
    _PAGE.write_text(f"{head}{begin}```mermaid\n{text}```\n{end}{tail}", encoding="utf-8")


def main() -> None:
    """Print the picture, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the picture into architecture.md")
    text = picture()
    if parser.parse_args().write:
        _write(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
