"""How often the verdict on latency is wrong: false alarms on the same build, and slowdowns of 5 % that it finds.

Beside it, on the same two builds and in the same minute, what `--benchmark-compare-fail=median:5%` says. It takes half
an hour, and goes on where it was interrupted: `pytest benchmarks/ --study latency-verdicts`. Each trial is a line of
`results/latency-verdicts.jsonl`.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.utils import PercentageRegressionCheck

from fixtures.benchmarks import Bench, seconds, speech_of
from fixtures.report import Gate
from wergate.config.suite import SuiteConfig
from wergate.session.session import Session
from wergate.timing.gates import is_open, speedup_verdict
from wergate.timing.noise import read_counters, seen_between
from wergate.timing.paired import Paired, PairedRule, Side, time_pair
from wergate.verdict import Status, Verdict

SAME, SLOWER = 300, 100
SLOWDOWN = 0.05
DURATION_S = 1.0
FALSE_ALARMS_MAX, FOUND_MIN = 0.01, 0.95
PLAIN_S = 0.5  # half of --benchmark-max-time's default: some fifty rounds, and four hundred trials in half an hour
COMPARE_FAIL = PercentageRegressionCheck("median", 5)
CALIBRATIONS, CALIBRATION = 5, PairedRule(budget_s=30.0)
Call = Callable[[], object]


@dataclass(frozen=True)
class Trials:
    """The file of trials."""

    path: Path

    def kept(self, kind: str) -> list[dict[str, Any]]:
        """Return the trials of a kind; a line that was cut is no trial."""
        if not self.path.exists():
            return []
        return [row for row in self._rows() if row["kind"] == kind]

    def _rows(self) -> Iterator[dict[str, Any]]:
        for line in self.path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)

    def add(self, **row: Any) -> dict[str, Any]:
        """Write a trial, at once."""
        self.path.parent.mkdir(exist_ok=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        return row


@dataclass(frozen=True)
class Workload:
    """Real work beside an inference: so many small matrix products."""

    products: int

    def beside(self, call: Call) -> Call:
        """Return the call with the work after it."""
        matrix = np.full((48, 48), 1 / 48, np.float32)

        def both() -> object:
            answer, product = call(), matrix
            for _ in range(self.products):
                product = product @ matrix
            return answer

        return both if self.products else call


def calibrated(call: Call, trials: Trials) -> Workload:
    """Return the work that makes a call 5 % slower: as much as that much of it added in long paired measurements."""
    known = trials.kept("calibration")
    if known:
        return Workload(known[-1]["products"])
    plain_s = statistics.median(seconds(call) for _ in range(50))
    extra_s = seconds(Workload(2000).beside(lambda: None))
    products = round(SLOWDOWN * plain_s / (extra_s / 2000))
    slowdowns = [slowdown(call, Workload(products)) for _ in range(CALIBRATIONS)]
    products = round(products * SLOWDOWN / statistics.mean(slowdowns))
    trials.add(kind="calibration", products=products, slowdowns=slowdowns)
    return Workload(products)


def slowdown(call: Call, workload: Workload) -> float:
    """Return by what share a call with work beside it takes longer, rounds added for as long as the budget allows."""
    return 1 / time_pair(Side(workload.beside(call)), Side(call), CALIBRATION, lambda _: True).ratio - 1


def plain_median(call: Call) -> float:
    """Return what pytest-benchmark calls the median: of as many calls as fit half a second, after two to warm up."""
    for _ in range(2):
        call()
    times_s, end = [seconds(call)], time.perf_counter() + PLAIN_S
    while time.perf_counter() < end:
        times_s.append(seconds(call))
    return statistics.median(times_s)


def compare_fails(current: float, stored: float) -> bool:
    """Return what `--benchmark-compare-fail=median:5%` says of two medians."""
    return bool(COMPARE_FAIL.fails({"median": current}, {"median": stored}))


def trial(bench: Bench, kind: str, workload: Workload, trials: Trials) -> dict[str, Any]:
    """Compile both builds anew, judge them in turns, and as pytest-benchmark does."""
    settings = bench.session.config.benchmarks
    before, started = read_counters(), time.perf_counter()
    plain, build = (bench.call(bench.compile("int8"), DURATION_S) for _ in range(2))
    today = workload.beside(build)
    number = len(trials.kept(kind))
    rule = PairedRule(**settings.paired.model_dump(exclude={"durations_s"}), seed=number)
    paired = time_pair(Side(today), Side(plain), rule, is_open(settings.baseline_speed_min))
    verdict = _verdict(paired, settings.baseline_speed_min)
    elapsed_s = time.perf_counter() - started
    stored, current = plain_median(plain), plain_median(today)
    first = next(iter(trials.kept("same") or trials.kept("slower")), {"stored_s": stored})["stored_s"]
    seen = seen_between(before, read_counters())
    return trials.add(
        kind=kind,
        status=verdict.status,
        ratio=paired.ratio,
        interval=[paired.interval.low, paired.interval.high],
        rounds=paired.rounds,
        elapsed_s=elapsed_s,
        stored_s=stored,
        current_s=current,
        fails_just_before=compare_fails(current, stored),
        fails_stored=compare_fails(current, first),
        others=seen.others,
        steal=seen.steal,
    )


def _verdict(paired: Paired, minimum: float) -> Verdict:
    return speedup_verdict(paired, minimum, fast="int8", slow="baseline", scope="a trial")


@pytest.mark.study("latency-verdicts")
def test_latency_verdicts(
    session: Session, suite_config: SuiteConfig, model: str, gate: Gate, pytestconfig: pytest.Config
) -> None:
    """Two compilations of one IR are the same; one with a twentieth of its work added is slower."""
    bench = Bench(session, model, speech_of(suite_config, model), gate)
    trials = Trials(pytestconfig.rootpath / "results" / "latency-verdicts.jsonl")
    workload = calibrated(bench.call(bench.compile("int8"), DURATION_S), trials)
    wanted = [("same", Workload(0), SAME), ("slower", workload, SLOWER)]
    for kind, work, count in wanted:
        left = range(count - len(trials.kept(kind)))
        for _ in session.progress(left, f"trials, {kind}", len(left)):
            trial(bench, kind, work, trials)
    same, slower = (trials.kept(kind) for kind in ("same", "slower"))
    gate(
        rate_verdict("false_alarm_rate", "<=", FALSE_ALARMS_MAX, same, lambda row: row["status"] != Status.PASS),
        rate_verdict("slowdowns_found", ">=", FOUND_MIN, slower, lambda row: row["status"] == Status.FAIL),
    )


def rate_verdict(
    name: str, relation: Any, threshold: float, rows: Sequence[dict[str, Any]], counts: Callable[[dict[str, Any]], bool]
) -> Verdict:
    """Gate how often a verdict was given, and tell how often pytest-benchmark's comparison failed beside it."""
    count = len(rows)
    open_ = sum(row["status"] == Status.INCONCLUSIVE for row in rows)
    beside = [sum(row[key] for row in rows) for key in ("fails_just_before", "fails_stored")]
    longest = max(row["elapsed_s"] for row in rows)
    typical = statistics.median(row["elapsed_s"] for row in rows)
    return Verdict(
        gate=name,
        subject="latency verdict",
        value=sum(map(counts, rows)) / count,
        relation=relation,
        threshold=threshold,
        basis=f"{open_} inconclusive; --benchmark-compare-fail=median:5% fails {beside[0]} times against a median "
        f"taken just before, {beside[1]} times against the first one",
        scope=f"{count} trials of {typical:.1f} s, {longest:.1f} s at most",
        remedy="see in the trials' file which ones: whether the machine was busy, and what the interval was",
        kind="latency",
    )
