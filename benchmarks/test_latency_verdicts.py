"""Error rates of the latency verdict: false alarms on the same build, and detected slowdowns of 5 %.

For comparison, each trial also applies `--benchmark-compare-fail=median:5%` to the same two builds in the same minute.
`pytest benchmarks/ --study latency-verdicts` takes half an hour and resumes after an interruption. Each trial is a line
of `results/latency-verdicts.jsonl`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pytest_benchmark.utils import PercentageRegressionCheck

from fixtures.benchmarks.bench import Bench, speech_of
from fixtures.gates.check import Check
from wergate.config.suite import SuiteConfig
from wergate.session.session import Session
from wergate.studies.latency_verdicts.study import AddedWork, Trials, calibrated, plain_median
from wergate.timing.calls import Side
from wergate.timing.gates import is_open, speedup_verdict
from wergate.timing.noise import read_counters, seen_between
from wergate.timing.paired import Paired, PairedRule, time_pair
from wergate.verdict import Status, Verdict

SAME, SLOWER = 300, 100
DURATION_S = 1.0
FALSE_ALARMS_MAX, FOUND_MIN = 0.01, 0.95
COMPARE_FAIL = PercentageRegressionCheck("median", 5)


def compare_fails(current: float, stored: float) -> bool:
    """Return whether `--benchmark-compare-fail=median:5%` fails for two medians, in seconds."""
    return bool(COMPARE_FAIL.fails({"median": current}, {"median": stored}))


def trial(bench: Bench, kind: str, workload: AddedWork, trials: Trials) -> dict[str, Any]:
    """Compile both builds, judge them with interleaved timing and with pytest-benchmark's rule, and store the trial."""
    settings = bench.session.config.benchmarks
    before, started = read_counters(), time.perf_counter()
    plain, build = (bench.call(bench.compile("int8"), DURATION_S) for _ in range(2))
    today = workload.added_to(build)
    number = len(trials.of_kind(kind))
    rule = PairedRule(**settings.paired.model_dump(exclude={"durations_s"}), seed=number)
    paired = time_pair(Side(today), Side(plain), rule, is_open(settings.baseline_speed_min))
    verdict = _verdict(paired, settings.baseline_speed_min)
    elapsed_s = time.perf_counter() - started
    stored, current = plain_median(plain), plain_median(today)
    first = next(iter(trials.of_kind("same") or trials.of_kind("slower")), {"stored_s": stored})["stored_s"]
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
    session: Session, suite_config: SuiteConfig, model: str, check: Check, pytestconfig: pytest.Config
) -> None:
    """Two compilations of one IR are equally fast; one with 5 % more work is slower."""
    bench = Bench(session, model, speech_of(suite_config, model), check)
    trials = Trials(pytestconfig.rootpath / "results" / "latency-verdicts.jsonl")
    workload = calibrated(bench.call(bench.compile("int8"), DURATION_S), trials)
    wanted = [("same", AddedWork(0), SAME), ("slower", workload, SLOWER)]
    for kind, work, count in wanted:
        left = range(count - len(trials.of_kind(kind)))
        for _ in session.progress(left, f"trials, {kind}", len(left)):
            trial(bench, kind, work, trials)
    same, slower = (trials.of_kind(kind) for kind in ("same", "slower"))
    check(
        rate_verdict("false_alarm_rate", "<=", FALSE_ALARMS_MAX, same, lambda row: row["status"] != Status.PASS),
        rate_verdict("slowdowns_found", ">=", FOUND_MIN, slower, lambda row: row["status"] == Status.FAIL),
    )


def rate_verdict(
    name: str, relation: Any, threshold: float, rows: Sequence[dict[str, Any]], counts: Callable[[dict[str, Any]], bool]
) -> Verdict:
    """Gate the rate of a verdict, and report how often pytest-benchmark's comparison failed on the same trials."""
    count = len(rows)
    inconclusive = sum(row["status"] == Status.INCONCLUSIVE for row in rows)
    fails_just_before, fails_stored = (sum(row[key] for row in rows) for key in ("fails_just_before", "fails_stored"))
    longest = max(row["elapsed_s"] for row in rows)
    typical = statistics.median(row["elapsed_s"] for row in rows)
    return Verdict(
        gate=name,
        subject="latency verdict",
        value=sum(map(counts, rows)) / count,
        relation=relation,
        threshold=threshold,
        basis=f"{inconclusive} inconclusive; --benchmark-compare-fail=median:5% fails {fails_just_before} times "
        f"against a median taken just before, {fails_stored} times against the first one",
        scope=f"{count} trials, {typical:.1f} s each (median), at most {longest:.1f} s",
        remedy="find the trials in results/latency-verdicts.jsonl: check their load and intervals",
        kind="latency",
    )
