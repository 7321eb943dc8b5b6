"""The picture of architecture.md: `python docs/development/layers.py` prints it, `--write` writes layers.svg."""
# ruff: noqa: INP001 - a script, and no package

from __future__ import annotations

import argparse
import math
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import grimp

_PICTURE = Path(__file__).with_name("layers.svg")
_ROOT = Path(__file__).parents[2]
_SOURCES = _ROOT / "src"
_PACKAGE = "wergate"
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


_ROW, _BOX, _GAP = 66, 30, 24  # heights of a row and a box, room between boxes
_MIDDLE, _LANE = 330, 26  # the middle of the picture, room between arrows that pass boxes
_STYLE = """text { font: 14px sans-serif; text-anchor: middle; fill: #24292f; }
rect { fill: #eef1fb; stroke: #4051b5; }
path { fill: none; stroke: #6b7280; stroke-width: 1.2; marker-end: url(#head); }
#head path { fill: #6b7280; stroke: none; marker-end: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9f0; }
  rect { fill: #2b3150; stroke: #8c9eff; }
  path { stroke: #9aa3b2; }
  #head path { fill: #9aa3b2; }
}"""


@dataclass(frozen=True)
class _Box:
    """A part in the picture: its middle, its top and its width."""

    x: float
    y: float
    width: float
    row: int


def _boxes() -> dict[str, _Box]:
    """Return a box for each part: a row for each layer of the contract, the highest first."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    boxes = {}
    for row, layer in enumerate(contract["layers"]):
        parts = [part.strip().removeprefix(f"{_PACKAGE}.") for part in layer.split("|")]
        widths = [9 * len(part) + 24 for part in parts]
        left = _MIDDLE - (sum(widths) + _GAP * (len(parts) - 1)) / 2
        for part, width in zip(parts, widths, strict=True):
            boxes[part] = _Box(left + width / 2, 20 + row * _ROW, width, row)
            left += width + _GAP
    return boxes


def _arrow(start: _Box, end: _Box, lane: int) -> str:
    """Return the path of an arrow; one that passes a row bends to a lane on one of the sides."""
    if end.row - start.row == 1:
        return f"M{start.x:g} {start.y + _BOX:g} L{end.x:g} {end.y - 2:g}"
    alone = end.x == _MIDDLE
    side = (1 if lane % 2 else -1) if alone else math.copysign(1, end.x - _MIDDLE)
    reach = _MIDDLE + side * (150 + _LANE * (lane // 2))
    x, y = start.x + side * start.width / 2, start.y + _BOX / 2
    if alone:  # from the side
        target, level = end.x + side * (end.width / 2 + 2), end.y + _BOX / 2
        return f"M{x:g} {y:g} C{reach:g} {y:g} {reach:g} {level:g} {target:g} {level:g}"
    return f"M{x:g} {y:g} C{reach:g} {y:g} {end.x:g} {end.y - _ROW:g} {end.x:g} {end.y - 2:g}"


def picture() -> str:
    """Return the picture as SVG: packages as rectangles, files with round corners."""
    found, boxes = reduced(arrows()), _boxes()
    height = max(box.y for box in boxes.values()) + _BOX + 20
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _MIDDLE} {height:g}" width="{2 * _MIDDLE}">',
        f"<style>{_STYLE}</style>",
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        '<path d="M0 0 L8 4 L0 8 z"/></marker>',
    ]
    pairs = [(boxes[part], boxes[end]) for part, ends in found.items() for end in sorted(ends)]
    long = sorted((pair for pair in pairs if pair[1].row - pair[0].row > 1), key=lambda pair: pair[1].row - pair[0].row)
    for pair in pairs:
        lane = long.index(pair) if pair in long else 0
        lines.append(f'<path d="{_arrow(*pair, lane)}"/>')
    for part, box in boxes.items():
        corner = 3 if (_SOURCES / _PACKAGE / part).is_dir() else _BOX / 2
        place = f'x="{box.x - box.width / 2:g}" y="{box.y:g}" width="{box.width:g}" height="{_BOX}" rx="{corner:g}"'
        lines.append(f'<rect {place}/><text x="{box.x:g}" y="{box.y + 20:g}">{part}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def main() -> None:
    """Print the picture, or write it into its file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write layers.svg")
    text = picture()
    if parser.parse_args().write:
        _PICTURE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
