"""Evidence on latency verdicts: tables from a file of trials, and files that are put together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wergate.studies.latency_verdicts.evidence import bounds, collect, part
from wergate.studies.latency_verdicts.study import Trials, kinds

ABOUT = {"machine": "loom-2-cores", "date": "2026-11-30", "commit": "0123456"}


def trial(kind: str, slowdown: float, status: str, elapsed_s: float = 4.0) -> dict[str, Any]:
    figures = {"minimum": 0.975, "elapsed_s": elapsed_s, "compilations": 5}
    return {"kind": kind, "slowdown": slowdown, "status": status, **figures, **ABOUT}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with trials of two kinds and one disturbance, which was simulated twice."""
    trials = Trials(tmp_path / "latency.jsonl")
    for row in [trial("5 %", 0.05, "FAIL", 9.0), *[trial("same", 0.0, "PASS")] * 3, trial("same", 0.0, "INCONCLUSIVE")]:
        trials.add(**row)
    for wrong in (1, 0):
        statuses = {"0": {"PASS": 4}, "5": {"FAIL": 3, "INCONCLUSIVE": 1}}
        trials.add(kind="simulated", name="drift", runs=8, wrong=wrong, statuses=statuses, **ABOUT)
    return trials.path


def test_the_part_has_a_row_for_each_slowdown(path: Path) -> None:
    """Rates have their bounds, undecided verdicts are counted, and machine, date and commit are named."""
    lines = part(path).splitlines()
    assert "| none | 0.975 | 4 | 0 (0.0 to 60.2 %) | 1 | 3 | 4.0, 4.0 | 5 |" in lines
    assert "| 5 % | 0.975 | 1 | 1 (2.5 to 100.0 %) | 0 | 0 | 9.0, 9.0 | 5 |" in lines
    assert "- 5 pairs on loom-2-cores, 2026-11-30, commit 0123456" in lines


def test_the_last_simulation_counts(path: Path) -> None:
    """An earlier one belongs to an earlier state of the code."""
    text = part(path)
    assert "2026-11-30, commit 0123456: 0 of 8 verdicts wrong." in text
    assert "| drift | 8 | 0 | PASS 4 | FAIL 3, INCONCLUSIVE 1 |" in text


def test_bounds_of_a_rate() -> None:
    """Clopper and Pearson: none of 1,000 is at most 0.37 %, with 95 % confidence."""
    assert bounds(0, 1000) == pytest.approx((0.0, 0.00368), abs=1e-5)


def test_files_are_put_together_once(path: Path, tmp_path: Path) -> None:
    """Lines that the kept file has already are not added again; an interrupted line is not read."""
    kept = tmp_path / "docs" / "latency.jsonl"
    assert collect(path, kept) == 7
    with path.open("a") as stream:
        stream.write(json.dumps(trial("same", 0.0, "PASS"))[:20])
    assert collect(path, kept) == 0
    assert kept.read_text() == path.read_text()[:-20]
    assert len(Trials(path).of_kind("same")) == 4


def test_slowdowns_that_the_suite_is_not_made_for_have_a_threshold_midway() -> None:
    """2 and 3 % are between their threshold and the same speed; 5 and 10 % keep the suite's own."""
    found = {kind.name: kind for kind in kinds(0.975)}
    assert [found[name].minimum for name in ("2 %", "3 %")] == [0.99, 0.985]
    assert {found[name].minimum for name in ("same", "5 %", "10 %")} == {0.975}
