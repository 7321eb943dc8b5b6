"""The badge, in the format that shields.io reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.suite_run import Warm, run
from wergate.evaluation.rows import IntervalRow
from wergate.report.badge import badge
from wergate.report.results import Results
from wergate.timing.rows import RatioRow
from wergate.verdict import Status


@pytest.fixture(scope="module")
def results(warm: Warm) -> Results:
    """Results of a real run."""
    return Results.model_validate(warm.cold.results)


def with_wers(results: Results, *pairs: tuple[str, float]) -> Results:
    """Return results with evaluations of variants whose drop is that."""
    first = results.evaluations[0]
    reference = first.reference.model_copy(update={"wer": 0.1})
    rows = [
        first.model_copy(
            update={
                "variant": variant,
                "reference": reference,
                "candidate": reference.model_copy(update={"wer": 0.1 + drop}),
            }
        )
        for variant, drop in pairs
    ]
    return results.model_copy(update={"evaluations": rows})


def ratio(value: float, slow: str = "fp16") -> RatioRow:
    """Return a speed-up of INT8."""
    interval = IntervalRow(low=value, high=value, confidence=0.95)
    figures = {"ratio": value, "interval": interval, "rounds": 32, "fast_ms": 1.0, "slow_ms": value}
    return RatioRow(model="m", duration_s=1.0, fast="int8", slow=slow, **figures)


def message(run: Results | None, code: int) -> tuple[str, str]:
    """Return message and color of a badge."""
    found = json.loads(badge(run, code))
    assert {"schemaVersion": 1, "label": "wergate"}.items() <= found.items()
    assert {"schemaVersion", "label", "message", "color"} == set(found)
    return found["message"], found["color"]


def test_a_badge_shows_the_worst_drop_and_the_smallest_speedup(results: Results) -> None:
    """The badge shows the worst figures; a speed-up over FP16 takes precedence over PyTorch."""
    rows = with_wers(results, ("fp16", 0.5), ("int8", 0.0002), ("int8", 0.0011))
    fast = rows.model_copy(update={"ratios": [ratio(4.9, "pytorch"), ratio(2.66), ratio(2.55)]})
    assert ("INT8 WER +0.11 % · 2.5x", "brightgreen") == message(fast, 0)
    beside_itself = rows.model_copy(update={"ratios": [ratio(1.0, "baseline")]})
    assert ("INT8 WER +0.11 %", "brightgreen") == message(beside_itself, 0)


@pytest.mark.parametrize(
    ("code", "start", "color"),
    [
        (0, "INT8 WER +0.11 %", "brightgreen"),
        (1, "FAIL · INT8", "red"),
        (10, "accuracy FAIL · INT8", "red"),
        (11, "latency FAIL · INT8", "red"),
        (12, "inconclusive · INT8", "yellow"),
        (13, "set-up broken · INT8", "lightgrey"),
        (2, "no verdict · INT8", "lightgrey"),
    ],
)
def test_the_exit_code_is_in_it(code: int, start: str, color: str, results: Results) -> None:
    """The badge of a run that did not pass names the reason and is not green."""
    said, shown = message(with_wers(results, ("int8", 0.0011)), code)
    assert (True, color) == (said.startswith(start), shown)


def test_an_undecided_run_is_yellow(results: Results) -> None:
    """Exit code 0 with an INCONCLUSIVE verdict: the badge must not be green."""
    undecided = with_wers(results, ("int8", 0.0011)).model_copy(update={"verdict": Status.INCONCLUSIVE})
    assert ("inconclusive · INT8 WER +0.11 %", "yellow") == message(undecided, 0)


def test_without_figures_it_has_the_verdict(results: Results) -> None:
    """A run without evaluations, and one that ended before its first test."""
    nothing = results.model_copy(update={"evaluations": [], "ratios": []})
    assert ("PASS", "brightgreen") == message(nothing, 0)
    assert ("set-up broken", "lightgrey") == message(None, 13)


def test_a_run_replaces_the_badge(warm: Warm, tmp_path: Path) -> None:
    """The file of the run before is replaced, whole."""
    path = tmp_path / "badge.json"
    path.write_text("old")
    where = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--badge", str(path))
    done = run(["accuracy/test_wer.py"], *where)
    assert 0 == done.code, done.output
    assert json.loads(path.read_text())["message"].startswith("INT8 WER ")
    assert [path] == list(tmp_path.iterdir())
