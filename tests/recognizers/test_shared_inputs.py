"""Memory that was shared with the runtime is written to later on (docs/shared-inputs.md): nothing may be shared."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("src", "fixtures", "accuracy", "benchmarks") for path in (ROOT / folder).rglob("*.py")]


def test_the_reproduction_prints_what_it_is_said_to(capsys: pytest.CaptureFixture[str]) -> None:
    """Once a version of the runtime leaves the caller's array alone, the document and the rule may go."""
    text = (ROOT / "docs" / "shared-inputs.md").read_text(encoding="utf-8")
    code, printed = re.findall(r"```(?:python)?\n(.*?)```", text, re.DOTALL)[:2]
    exec(compile(code, "shared-inputs.md", "exec"), {})  # noqa: S102 - the document's own lines
    assert printed == capsys.readouterr().out


def test_no_inference_shares_its_inputs() -> None:
    """Neither by the option nor by calling a compiled model, which shares unless told otherwise."""
    calls = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    shared = [call for call in calls if "share_inputs" in {keyword.arg for keyword in call.keywords}]
    called = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "compiled"]
    assert [] == [ast.unparse(call) for call in (*shared, *called)]
