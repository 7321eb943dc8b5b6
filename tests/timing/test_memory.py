"""Memory growth: a leak is distinguished from steps of an allocator and from caches that fill once."""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import wergate
from tests.support.suite_run import Warm, run
from tests.support.tiny import Tiny
from wergate.errors import SuiteError
from wergate.timing.memory import KIB, GrowthRule, growth_of, growth_verdict, measure_growth
from wergate.verdict import Status, Verdict

RULE = GrowthRule(max_kib=1.0)
MIB = 1024 * KIB
LEAK = """
from wergate.recognizers.openvino import OpenVinoRecognizer

right, kept = OpenVinoRecognizer.logits, []

def leaky(self, waveforms):
    found = right(self, waveforms)
    kept.append(found.repeat(20))  # more than the free memory of the allocator
    return found

OpenVinoRecognizer.logits = leaky
"""


class Process:
    """A simulated process whose memory is a function of the number of calls."""

    def __init__(self, used: Callable[[int], float]) -> None:
        self.calls = 0
        self._used = used

    def call(self) -> None:
        self.calls += 1

    def read(self) -> int:
        return int(100 * MIB + self._used(self.calls))


@dataclass(frozen=True)
class Case:
    """Memory as a function of the number of calls, with the expected status."""

    id: str
    used: Callable[[int], float]
    status: Status


def noise(sd: float) -> Callable[[], float]:
    generator = np.random.default_rng(5)
    return lambda: float(generator.normal(0, sd))


wobble, pages = noise(20 * KIB), noise(100 * KIB)
CASES = (
    Case("constant", lambda _: 0.0, Status.PASS),
    Case("allocator's noise", lambda _: wobble(), Status.PASS),
    Case("one step of 4 MiB", lambda calls: 4 * MIB * (calls > 90), Status.PASS),
    Case("a cache that fills in 300 calls", lambda calls: 64 * KIB * min(calls, 300), Status.PASS),
    Case("a cache of a tenth of the rule", lambda calls: 0.1 * KIB * calls, Status.PASS),
    Case("a leak of 4 KiB", lambda calls: 4 * KIB * calls, Status.FAIL),
    Case("a leak of 4 KiB under noise", lambda calls: 4 * KIB * calls + pages(), Status.FAIL),
    Case("a leak of 4 KiB in arenas of 64", lambda calls: 64 * KIB * (calls // 16), Status.FAIL),
    Case("a leak of 2 MB", lambda calls: 2e6 * calls, Status.FAIL),
    Case("shrinking memory", lambda calls: -8 * KIB * calls, Status.PASS),
    Case("steps that never settle", lambda calls: MIB * (calls.bit_length()), Status.INCONCLUSIVE),
)


def verdict(process: Process, rule: GrowthRule = RULE) -> Verdict:
    return growth_verdict(measure_growth(process.call, rule, process.read), rule, subject="INT8", scope="x")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_growth_is_distinguished_from_single_events(case: Case) -> None:
    """PASS and FAIL depend on growth that every block shows."""
    found = verdict(Process(case.used))
    assert found.status is case.status, found.line


def test_a_failing_line_says_how_much_and_what_to_do() -> None:
    """The line gives slope, interval, threshold, amount of evidence and next step; a leak is a latency failure."""
    found = verdict(Process(lambda calls: 4 * KIB * calls))
    assert found.kind == "latency"
    assert found.line.startswith(
        "INT8 memory_growth_kib=4 (99 % interval 4 to 4), but should be <= 1 [x, 400 inferences]"
    )
    assert "check which objects outlive an inference" in found.line


def test_an_undecided_line_names_the_settings_that_give_more_evidence() -> None:
    """The line names the budget and the number of windows."""
    found = verdict(Process(lambda calls: MIB * calls.bit_length()))
    assert "the interval contains 1 KiB after 3200 inferences: raise budget_s or windows" in found.line


def test_no_window_starts_after_the_budget() -> None:
    """With no budget left, undecided growth takes one window instead of all."""
    process = Process(lambda calls: MIB * calls.bit_length())
    found = verdict(process, GrowthRule(max_kib=1.0, budget_s=0.0))
    assert (found.status, process.calls) == (Status.INCONCLUSIVE, 230)


def test_a_real_leak_of_this_process_is_found() -> None:
    """A call that keeps 16 KiB of touched pages fails, and a call that releases them passes."""
    # The pages come from the kernel directly. An allocator could serve the
    # whole measurement from memory that earlier tests have freed.
    kept: list[mmap.mmap] = []
    leak = growth_verdict(measure_growth(lambda: kept.append(touched_pages()), RULE), RULE, subject="INT8", scope="x")
    honest = growth_verdict(measure_growth(lambda: touched_pages().close(), RULE), RULE, subject="INT8", scope="x")
    assert (leak.status, honest.status) == (Status.FAIL, Status.PASS), (leak.line, honest.line)
    assert leak.interval is not None
    assert leak.interval.low < 18, leak.line
    assert leak.interval.high > 14, leak.line


def touched_pages() -> mmap.mmap:
    """Return 16 KiB of touched memory."""
    size = 16 * KIB
    held = mmap.mmap(-1, size)
    held.write(b"x" * size)
    return held


def test_garbage_that_awaits_collection_is_not_a_leak() -> None:
    """Each call leaves a reference cycle, which the garbage collector frees before each reading."""

    def cycle() -> None:
        held: list[object] = [np.ones(4 * KIB, np.float32)]
        held.append(held)

    found = growth_verdict(measure_growth(cycle, RULE), RULE, subject="INT8", scope="x")
    assert found.status is Status.PASS, found.line


def test_the_interval_contains_the_true_slope() -> None:
    """About 99 % of the intervals of 1,000 seeded windows contain the true slope."""
    generator = np.random.default_rng(3)
    held = 0
    for _ in range(1000):
        steps = 10 * (2 * KIB + generator.exponential(KIB, 20) - KIB)
        readings = [int(reading) for reading in np.cumsum([0, *steps])]
        found = growth_of(readings, 10, 0.99).interval
        held += found.low <= 2 * KIB <= found.high
    assert 960 <= held <= 1000  # skewed steps lower the coverage of Student's interval a little


@pytest.mark.parametrize("readings", [[1, 2], [1, math.nan, 3, 4], [1, math.inf, 3]], ids=["two", "NaN", "infinite"])
def test_readings_without_a_slope_are_refused(readings: list[int]) -> None:
    """Too few or non-finite readings end with one line instead of a verdict."""
    with pytest.raises(SuiteError, match=r"memory readings .* have no slope: three or more finite numbers of bytes"):
        growth_of(readings, 1, 0.99)


def test_a_rule_with_too_few_blocks_is_refused() -> None:
    """Too few blocks would give a useless interval, so the rule is refused with one line."""
    with pytest.raises(SuiteError, match="over 2 blocks of 10 inferences in 5 windows cannot be judged: at least 8"):
        GrowthRule(max_kib=1.0, blocks=2)


@pytest.mark.parametrize(("plugin", "status"), [("", "PASS"), (LEAK, "FAIL")], ids=["honest", "leaking"])
def test_a_leaking_recognizer_fails_the_benchmarks(
    plugin: str, status: str, tiny: Tiny, warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a recognizer keeps its logits, the gate fails for both precisions, with figures in the results."""
    (tmp_path / "changed.py").write_text(plugin)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(wergate.__file__).parents[1]}")
    suite = tiny.suite(tmp_path / "tiny.toml", benchmarks__models=json.dumps([str(tiny.model)]))
    where = ("--suite", str(suite), "--cache-dir", str(warm.cache), "-p", "changed")
    found = run(["benchmarks/test_memory_growth.py"], *where, "--details", results=tmp_path / "results.json")
    rows = [row for subject in ("FP16", "INT8") for row in found.gate("memory_growth_kib", subject)]
    assert [row["status"] for row in rows] == [status, status], found.output
    assert (found.code == 0) is (status == "PASS")
    assert f"memory of {tiny.model}: growth in KiB per inference: FP16 " in found.output
    assert all(row["interval"]["confidence"] == 0.99 and row["kind"] == "latency" for row in rows)
