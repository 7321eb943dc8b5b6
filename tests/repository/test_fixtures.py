"""The suite's fixtures: plugins share one space of names, and the later of two fixtures of a name hides the other."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

FIXTURES = Path(__file__).parents[2] / "fixtures"


def test_no_two_plugins_define_a_fixture_of_the_same_name() -> None:
    """A second one would be used wherever the first one is asked for."""
    found = Counter(
        node.name
        for path in FIXTURES.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(each) for each in node.decorator_list)
    )
    assert len(found) > 20
    assert [] == [name for name, count in found.items() if count > 1]
