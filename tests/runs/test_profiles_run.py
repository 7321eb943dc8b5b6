"""The profile of hypothesis is wergate's in every run, also where hypothesis finds itself in CI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.forked import environment
from tests.support.suite_run import ROOT, run

PROBE = """
import json
from pathlib import Path
import fixtures.profiles
from hypothesis import settings

def test_more_examples():
    found = settings()
    seen = {"examples": found.max_examples, "fixed": found.derandomize, "deadline": found.deadline is not None}
    Path(__file__).with_name("found.json").write_text(json.dumps(seen | {"database": found.database is not None}))
"""
OURS = {"examples": 20, "fixed": True, "deadline": False, "database": False}
EXPLORE = OURS | {"examples": 100, "fixed": False}
OF_CI = OURS | {"examples": 100}


@dataclass(frozen=True)
class Case:
    """Variables and options of a run, and the settings that its tests draw examples with."""

    id: str
    expected: Mapping[str, Any]
    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


CASES = (
    Case("at home", OURS),
    Case("in CI", OURS, variables={"CI": "true"}),
    Case("on GitHub", OURS, variables={"GITHUB_ACTIONS": "true"}),
    Case("another verbosity", OURS, ("--hypothesis-verbosity", "quiet")),
    Case("another verbosity in CI", OURS, ("--hypothesis-verbosity", "quiet"), {"CI": "true"}),
    Case("explore in CI", EXPLORE, ("--hypothesis-profile", "explore"), {"CI": "true"}),
    Case("asked for", OF_CI, ("--hypothesis-profile", "ci")),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_profile_is_ours_unless_another_one_is_named(case: Case, tmp_path: Path) -> None:
    """Number of examples, deadline, database and random seeds do not depend on the place of a run."""
    (tmp_path / "test_more.py").write_text(PROBE)
    elsewhere = ("-c", str(ROOT / "pytest.ini"), "--rootdir", str(ROOT), "--suite", str(ROOT / "suite.toml"))
    inherited = {key: value for key, value in environment().items() if key not in {"CI", "GITHUB_ACTIONS"}}
    done = run(
        ["accuracy/test_graph.py", str(tmp_path / "test_more.py")],
        *(*elsewhere, "-k", "test_more", *case.options),
        variables=inherited | case.variables,
    )
    assert 0 == done.code, done.output
    assert case.expected == json.loads((tmp_path / "found.json").read_text())
