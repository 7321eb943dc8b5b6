"""No code may share arrays with the runtime: it writes later inputs into them (docs/findings/shared-inputs.md)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("src", "fixtures", "accuracy", "benchmarks") for path in (ROOT / folder).rglob("*.py")]


def test_the_reproduction_prints_the_documented_output(capsys: pytest.CaptureFixture[str]) -> None:
    """If this fails because a version of the runtime no longer writes into the array, remove document and rule."""
    text = (ROOT / "docs" / "findings" / "shared-inputs.md").read_text(encoding="utf-8")
    code, printed = re.findall(r"```[^\n]*\n(.*?)```", text, re.DOTALL)[:2]
    exec(compile(code, "shared-inputs.md", "exec"), {})  # noqa: S102 - code of a document in this repository
    assert printed == capsys.readouterr().out


def test_no_inference_shares_its_inputs() -> None:
    """No call uses the option, and none calls a compiled model directly, which shares its inputs by default."""
    calls = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    shared = [call for call in calls if "share_inputs" in {keyword.arg for keyword in call.keywords}]
    called = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "compiled"]
    assert [] == [ast.unparse(call) for call in (*shared, *called)]
